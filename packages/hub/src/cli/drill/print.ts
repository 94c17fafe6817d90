import { inSeconds, type Report } from '../../drill/index.ts';
import { type Paint, table } from '../output.ts';
import { printable } from '../terminal.ts';

/** What a drill came to, as a person reads it. */
export function printReport(report: Report, paint: Paint): string {
  const { totals, quiet } = report;
  const faults = table(
    ['FAULT', 'DETECTED', 'DIAGNOSED', 'FIRST CAUSE', 'REPAIRED', 'TRIES', 'FALSE', 'PAGES'],
    report.faults.map((fault) => [
      printable(fault.fault),
      mark(fault.detectMs !== null, inSeconds(fault.detectMs), paint),
      inSeconds(fault.diagnoseMs),
      fault.cause === null
        ? paint('red', 'not diagnosed')
        : mark(fault.isRight === true, printable(`${fault.cause.kind} of ${fault.cause.project}`), paint),
      fault.remedy ? mark(fault.repairMs !== null, inSeconds(fault.repairMs), paint) : 'no remedy',
      String(fault.attempts),
      mark(fault.falseHeals === 0, String(fault.falseHeals), paint),
      fault.pages === undefined ? '–' : String(fault.pages),
    ]),
    paint,
  );
  const bars = table(
    ['BAR', 'WANTED', 'GOT', ''],
    report.bars.map(({ name, wanted, got, passed }) => [
      name,
      wanted,
      got,
      passed === null ? 'not measured' : passed ? paint('green', 'reached') : paint('red', 'missed'),
    ]),
    paint,
  );
  const quietly = quiet
    ? `Quiet for ${quiet.minutes} minutes: ${quiet.falseHeals} false heals, ${quiet.alerts} alerts${quiet.pages === undefined ? '' : `, ${quiet.pages} pages`}.`
    : 'No quiet time was measured.';
  return [
    faults,
    `${totals.faults} faults on ${report.ground}, seed ${report.seed}, checked every ${inSeconds(report.intervalMs)}. Detected p50 ${inSeconds(totals.detectP50Ms)}, worst ${inSeconds(totals.detectWorstMs)}; repaired p50 ${inSeconds(totals.repairP50Ms)}, worst ${inSeconds(totals.repairWorstMs)}; ${totals.pages ?? 'nobody counted'} pages.`,
    quietly,
    ...totals.overBudget.map((said) => paint('red', printable(said))),
    bars,
    report.passed ? paint('green', 'Every bar is reached.') : paint('red', 'A bar is missed.'),
  ].join('\n\n');
}

const mark = (good: boolean, text: string, paint: Paint): string => (good ? text : paint('red', text));
