import { mkdirSync, rmSync } from 'node:fs';
import { buildConsole } from './testing/console.ts';
import { requirePrograms } from './testing/programs.ts';
import { countTests, summarize, type Tally } from './testing/report.ts';
import { run } from './testing/run.ts';
import { STEPS, type Step } from './testing/steps.ts';

/**
 * `npm test` runs every check in order and goes on after a failure, so that one run shows all of them.
 * `npm test -- unit service` runs these steps only; what follows their names is handed to the last of them
 * (`npm test -- unit packages/sdk`).
 */
const args = process.argv.slice(2);
const known = new Set(STEPS.map((step) => step.name));
const firstOther = args.findIndex((arg) => !known.has(arg));
const names = firstOther === -1 ? args : args.slice(0, firstOther);
const rest = firstOther === -1 ? [] : args.slice(firstOther);
if (names.length === 0 && rest.length > 0) {
  console.error(`No step is named "${rest[0]}". There are: ${[...known].join(', ')}.`);
  process.exit(2);
}
const chosen = names.length === 0 ? STEPS : STEPS.filter((step) => names.includes(step.name));
const RESULTS = 'test-results';

const began = performance.now();
const total: Pick<Tally, 'passed' | 'failed' | 'secondTry'> = { passed: 0, failed: 0, secondTry: [] };
const broken: string[] = [];
mkdirSync(RESULTS, { recursive: true });
for (const step of chosen) if (!(await take(step))) broken.push(step.name);
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
console.log(
  broken.length === 0 ? `\nAll of it held, in ${minutes} min.` : `\nBroken: ${broken.join(', ')} (${minutes} min).`,
);
console.log(summarize(total));
process.exitCode = broken.length === 0 ? 0 : 1;

/** Runs one step and says on one line how it went; the whole output follows only when it failed. */
async function take(step: Step): Promise<boolean> {
  const started = performance.now();
  process.stdout.write(`${step.name.padEnd(8)} ${step.what.padEnd(46)}`);
  const finish = (ok: boolean, note: string, output: string) => {
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${seconds}  ${note}`.trimEnd());
    if (!ok) console.log(`\n${output.trimEnd()}\n`);
    return ok;
  };
  try {
    requirePrograms(step.programs ?? []);
    if (step.needsConsole) await buildConsole();
  } catch (error) {
    total.failed++;
    return finish(false, '', error instanceof Error ? error.message : String(error));
  }
  const report = `${RESULTS}/${step.name}.json`;
  rmSync(report, { force: true });
  const handedOn = step === chosen.at(-1) ? rest : [];
  let output = '';
  let ok = true;
  for (const [command = '', ...given] of step.commands(report)) {
    const outcome = await run(command, [...given, ...handedOn], step.timeoutMs);
    output += outcome.output;
    ok &&= outcome.ok;
  }
  if (!step.countsTests) {
    // A broken check counts as one failure: the last line must not look well when the run was not.
    if (!ok) total.failed++;
    return finish(ok, '', output);
  }
  const counted = countTests(report, ok);
  total.passed += counted.passed;
  total.failed += counted.failed;
  total.secondTry.push(...counted.secondTry);
  finish(counted.failed === 0, summarize(counted), counted.why ? `${output}\n${counted.why}` : output);
  for (const line of counted.figures) console.log(`         ${line}`);
  if (counted.failed === 0 && counted.why) console.log(`         on the first try: ${counted.why}`);
  return counted.failed === 0;
}
