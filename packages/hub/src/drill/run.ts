import { type DrillFault, type Ground, nameOf } from './ground.ts';
import { type Look, look as lookAt } from './look.ts';
import { randomFrom, rounds as split } from './plan.ts';
import { type FaultRecord, type QuietRecord, type Report, type Round, score } from './score.ts';
import { type Pace, strike } from './watch.ts';

export type DrillOptions = {
  ground: Ground;
  faults: readonly DrillFault[];
  seed: number;
  quietMinutes: number;
  /** How long the ground may take to be well between faults. */
  settleMs: number;
  pace: Pace;
  told: (text: string) => void;
};

const LOOK_MS = 500;
/** The hub takes what fails again within a quarter of a minute for the same trouble, and opens the old alert again. */
const RECOVERY_MS = 16_000;

/** Breaks one thing after the other, waits in between until all is well, then leaves it alone for a while; what it came to. */
export async function runDrill(options: DrillOptions): Promise<Report> {
  const { ground, faults, seed, quietMinutes, pace, told } = options;
  const done: Round[] = [];
  let last: Look | undefined;
  const random = randomFrom(seed);
  let number = 0;
  const planned = ground.hasOwnHub ? split(faults) : [[...faults]];
  for (const [n, round] of planned.entries()) {
    const begun = pace.now();
    if (planned.length > 1) told(`Round ${n + 1} of ${planned.length}, with a hub that remembers nothing`);
    const api = await ground.begin();
    const look = lookAt(api);
    last = look;
    await settle(options, look);
    await until(options, async () => (await ground.isReady?.(api)) ?? true, 'the hub has not seen enough of it');
    const records: FaultRecord[] = [];
    for (const fault of round) {
      await settle(options, look);
      // Not in step with the checks: the end of an alert is.
      await pace.wait(random() * ground.intervalMs);
      told(`${++number}/${faults.length} ${fault.name} (${nameOf(fault.target)})`);
      const record = await strike({ fault, ground, look, pace }, told);
      const pagesBefore = ground.pages()?.length;
      await settle(options, look);
      for (const { target, remedy, outcome, status, detail } of await since(look, record.injectedAt))
        told(`  ${nameOf(target)}: ${remedy}: ${outcome ?? status}${detail === null ? '' : `, ${detail}`}`);
      const late = pagesBefore === undefined ? 0 : (ground.pages()?.length ?? 0) - pagesBefore;
      records.push({ ...record, pages: record.pages === undefined ? undefined : record.pages + late });
    }
    done.push({ records, attempts: await since(look, begun) });
  }
  const quiet = quietMinutes > 0 ? await beQuiet(options, last ?? lookAt(await ground.begin())) : null;
  const { name, intervalMs, budget } = ground;
  return score({ ground: name, seed, intervalMs, budget, rounds: done, quiet });
}

const since = async (look: Look, at: number) =>
  (await look.attempts()).filter(({ createdAt }) => Date.parse(createdAt) >= at).reverse();

async function until({ settleMs, pace }: DrillOptions, test: () => Promise<boolean>, otherwise: string): Promise<void> {
  const end = pace.now() + settleMs;
  while (!(await test())) {
    pace.signal.throwIfAborted();
    if (pace.now() >= end) throw new NotSettled(otherwise);
    await pace.wait(LOOK_MS);
  }
}

/** Waits until every service is well, no alert of one lives, that has lasted, and no attempt is under way. */
async function settle({ ground, settleMs, pace }: DrillOptions, look: Look): Promise<void> {
  const end = pace.now() + settleMs;
  const names = new Set(ground.targets.map(nameOf));
  for (;;) {
    pace.signal.throwIfAborted();
    const [unwell, alerts, attempts] = await Promise.all([
      look.unwell(ground.targets),
      look.livingAlerts(),
      look.attempts(),
    ]);
    // What concerns no service, a found vulnerability for example, is nobody's fault here and may stay.
    const own = alerts.filter(
      ({ project, service }) => service !== undefined && names.has(nameOf({ project, service })),
    );
    const open = attempts.filter(({ status, target }) => status !== 'done' && names.has(nameOf(target)));
    const isWell = unwell.length === 0 && own.length === 0 && open.length === 0;
    const lasts = isWell ? pace.now() - ((await look.recoveredAt(ground.targets)) ?? 0) : 0;
    if (lasts > RECOVERY_MS) return;
    if (pace.now() >= end)
      throw new NotSettled(
        [
          ...unwell.map((name) => `${name} is not well`),
          ...own.map(({ title }) => `open: ${title}`),
          ...open.map(({ id, status }) => `${id} is ${status}`),
        ].join('; '),
      );
    await pace.wait(LOOK_MS);
  }
}

/** The ground did not become well again: figures of what comes next would say nothing. */
export class NotSettled extends Error {}

/** Healthy traffic with its ordinary noise, watched for what is done although nothing is wrong. */
async function beQuiet(options: DrillOptions, look: Look): Promise<QuietRecord & { attempts: Round['attempts'] }> {
  const { ground, quietMinutes, pace, told } = options;
  await settle(options, look);
  told(`Quiet for ${quietMinutes} minutes`);
  const from = pace.now();
  const until = from + quietMinutes * 60_000;
  const seen = new Set<string>();
  const pagesBefore = ground.pages()?.length;
  await ground.noise?.(true);
  try {
    while (pace.now() < until) {
      pace.signal.throwIfAborted();
      for (const { id } of await look.livingAlerts()) seen.add(id);
      await pace.wait(LOOK_MS * 2);
    }
  } finally {
    await ground.noise?.(false);
  }
  const attempts = await since(look, from);
  const pages = pagesBefore === undefined ? undefined : (ground.pages()?.length ?? 0) - pagesBefore;
  return { minutes: quietMinutes, from, until, alerts: seen.size, pages, attempts };
}
