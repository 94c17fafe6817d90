import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import { type Engine, EngineError } from '../platform/engine.ts';
import { newId } from '../platform/ids.ts';
import type { Log } from '../platform/log.ts';
import { type Container, guard, judge, readContainer, type Verdict } from '../repair/index.ts';
import type { Endings } from './endings.ts';
import { factsFor, readPause } from './facts.ts';
import type { AutohealOptions } from './options.ts';
import type { StateFile, Try } from './state.ts';
import { messagesFor } from './tell.ts';

/** What fails is looked at once more so long after, before anything is decided. */
const CONFIRM_MS = 200;
const ASK_MS = 10_000;
/** So many containers are asked for at once. */
const AT_ONCE = 8;

type Deps = {
  engine: Engine;
  clock: Clock;
  log: Log;
  options: AutohealOptions;
  file: StateFile;
  endings: Endings;
};

/** Looks at containers, asks the guard about those that fail, restarts what it lets pass, and proves it by the engine's own word. */
export function createPatrol({ engine, clock, log, options, file, endings }: Deps) {
  const { state } = file;
  const failingSince = new Map<string, number>();
  const said = new Map<string, string>();
  const acts = new Set<Promise<void>>();
  let selected = 0;
  const save = () => file.save(clock.now());
  const open = () => state.tries.filter(({ status }) => status !== 'done');
  const [key = '', value = ''] = options.label.split(/=(.*)/s);
  /** What is asked of the engine is not enough: each container says itself whether it may be touched. */
  const isSelected = ({ name, labels }: Container) => options.names.includes(name) || labels[key] === value;

  async function inspect(container: string, signal: AbortSignal): Promise<Container | undefined> {
    const json = await engine.inspect(container, { timeoutMs: ASK_MS, signal });
    const known = readContainer(json);
    return known && readContainer(json, endings.of(known.id));
  }

  async function inspectAll(which: readonly string[], signal: AbortSignal): Promise<Container[]> {
    const found: Container[] = [];
    const rest = [...new Set(which)];
    const worker = async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const one = await inspect(next, signal);
        if (one && isSelected(one)) found.push(one);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return found;
  }

  /** One look at all containers, or at some; restarts go on beside it. */
  async function look(signal: AbortSignal, some?: readonly string[]): Promise<void> {
    const limits = { timeoutMs: ASK_MS, signal };
    const which = some ?? [...(await engine.list([options.label], limits)).map(({ id }) => id), ...options.names];
    const containers = await inspectAll([...which, ...open().map(({ container }) => container)], signal);
    if (some === undefined) selected = new Set(containers.map(({ id }) => id)).size;
    for (const one of open()) {
      if (one.status === 'verifying')
        verify(
          one,
          containers.find(({ name }) => name === one.container),
        );
    }
    const failing = new Map(containers.filter(notice).map((container) => [container.name, container]));
    if (failing.size === 0) return;
    await wait(CONFIRM_MS, undefined, { signal });
    for (const container of await inspectAll([...failing.keys()], signal))
      if (notice(container)) decide(container, signal);
  }

  /** Remembers how a container is; whether it fails. */
  function notice({ name, condition }: Container): boolean {
    if (condition === 'failing') {
      if (!failingSince.has(name)) failingSince.set(name, clock.now());
      return true;
    }
    failingSince.delete(name);
    said.delete(name);
    if (condition === 'well' && state.told[name] !== undefined) {
      delete state.told[name];
      save();
    }
    return false;
  }

  function decide(container: Container, signal: AbortSignal): void {
    const now = clock.now();
    const seen = { failingSince: failingSince.get(container.name) ?? now, confirmed: true, selected };
    const pause = readPause(options.pauseFile);
    const verdict = guard(factsFor(container, seen, state, options, pause, now), now);
    const words = `${verdict.kind}: ${verdict.reason}`;
    // Said again when it changes; that time goes by is no change.
    const stem = words.replace(/\d+/g, '').split(':').slice(0, 2).join(':');
    if (said.get(container.name) !== stem) log.info({ container: container.name, why: container.reason }, words);
    said.set(container.name, stem);
    if (verdict.kind === 'act') {
      const one = write(container, verdict, { status: 'acting', actingAt: now });
      const act = restart(one, container, signal)
        .catch((error: unknown) =>
          log.error({ err: error, container: container.name }, 'a try is looked at again later'),
        )
        .finally(() => acts.delete(act));
      acts.add(act);
    } else if (verdict.kind !== 'wait' && state.told[container.name] !== verdict.kind) {
      state.told[container.name] = verdict.kind;
      if (verdict.kind === 'would') write(container, verdict, { status: 'done', outcome: 'dry run', endedAt: now });
      const title = verdict.kind === 'would' ? 'would have been restarted' : 'needs a person';
      // Nobody is here to approve: it is said what to do by hand.
      const detail = `${container.reason}; ${verdict.reason}. By hand: docker restart ${container.name}`;
      tell(verdict.kind === 'would' ? 'dry_run' : 'person', container.name, `${container.name} ${title}`, detail);
      save();
    }
  }

  /** The intent, on the disk before anything is done. */
  function write(container: Container, verdict: Verdict, more: Partial<Try>): Try {
    const now = clock.now();
    const one: Try = {
      ...{ id: newId('heal', now), container: container.name, containerId: container.id, reason: container.reason },
      ...{ verdict: verdict.reason, status: 'acting', outcome: null, detail: null, createdAt: now },
      ...{ actingAt: null, actedAt: null, wellSince: null, endedAt: null },
      ...more,
    };
    state.tries.push(one);
    save();
    return one;
  }

  async function restart(one: Try, { id, name }: Container, signal: AbortSignal): Promise<void> {
    const { timeoutMs, graceMs } = options;
    try {
      // The very last look: what is meant is this container, it may be touched, and it still fails.
      const now = await inspect(id, signal);
      if (!now || !isSelected(now))
        return end(one, 'refused', 'it is not there any more, or may not be touched any more');
      if (now.condition !== 'failing') return end(one, 'refused', `${now.reason} by now: nothing was done`);
      await engine.restart(id, graceMs, { timeoutMs: timeoutMs + graceMs, signal });
      toVerify(one, `restarted by its id ${id.slice(0, 12)}`);
      tell('restarted', name, `${name} was restarted`, one.reason);
      save();
    } catch (error) {
      // Stopped in the middle of it: whoever starts next looks at what came of it.
      if (signal.aborted) return;
      const words = error instanceof Error ? error.message : String(error);
      if (error instanceof EngineError) end(one, 'failed', words);
      else toVerify(one, `it is not known whether it was restarted: ${words}`);
    }
  }

  function toVerify(one: Try, detail: string): void {
    Object.assign(one, { status: 'verifying', actedAt: clock.now(), detail });
    save();
    log.info({ container: one.container }, detail);
  }

  function verify(one: Try, container: Container | undefined): void {
    const now = clock.now();
    const judgement = judge(
      {
        ...{ actedAt: one.actedAt ?? now, wellSince: one.wellSince, service: one.container, others: {} },
        ...{ withinMs: options.withinMs, stableMs: options.stableMs, before: { [one.container]: 'down' } },
        status: container && STATUS[container.condition],
      },
      now,
    );
    const turned = judgement.wellSince !== one.wellSince;
    one.wellSince = judgement.wellSince;
    if (judgement.kind !== 'wait') end(one, judgement.kind, [one.detail, judgement.detail].filter(Boolean).join('; '));
    else if (turned) save();
  }

  function end(one: Try, outcome: NonNullable<Try['outcome']>, detail: string): void {
    Object.assign(one, { status: 'done', outcome, detail, endedAt: clock.now() });
    const said: Record<typeof outcome, string> = {
      healed: 'was healed by a restart',
      'no effect': 'is not healed: a restart had no effect',
      worse: 'became worse after a restart',
      failed: 'could not be restarted',
      refused: 'was not restarted',
      'dry run': 'would have been restarted',
    };
    tell(outcome.replace(' ', '_'), one.container, `${one.container} ${said[outcome]}`, `${one.reason}; ${detail}`);
    save();
    log[outcome === 'healed' || outcome === 'refused' ? 'info' : 'warn'](
      { container: one.container, detail },
      `${one.container} ${said[outcome]}`,
    );
  }

  function tell(type: string, container: string, title: string, detail: string): void {
    state.outbox.push(...messagesFor({ type, container, title, detail, at: clock.now() }, options));
  }

  return {
    look,
    /** Whether anything is under way that wants to be looked at again soon. */
    busy: () => open().length > 0,
    /** After a start, or an engine that was away: what was under way is verified from now on, and never done again. */
    takeUp(): void {
      for (const one of open())
        if (one.status === 'verifying') one.actedAt = clock.now();
        else if (acts.size === 0)
          toVerify(one, 'it was stopped while it acted: it is not known whether it was restarted');
      save();
    },
    settle: async (): Promise<void> => void (await Promise.all(acts)),
  };
}

const STATUS = { well: 'up', starting: 'degraded', failing: 'down', ended: 'down', away: 'unknown' } as const;
