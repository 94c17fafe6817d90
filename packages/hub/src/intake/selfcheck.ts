import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../platform/clock.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { Isolation } from './hubs/hubs.ts';

const ASK_EVERY_MS = 1000;
const PATIENCE_MS = 1000;
/** So many targets must be silent together before the fault is looked for on this side. */
const MIN_HOSTS = 3;

type Checked = { target: string; intervalMs: number };
export type SelfCheckTarget = { host: string; port: number };

/** Each check asks for its host: as many as probes can be declared are kept. */
const KEPT_HOSTS = 10_000;
const known = new Map<string, string | undefined>();

/** The host in what is shown of a target; undefined for one that is no address. */
export function hostOf(target: string): string | undefined {
  if (known.has(target)) return known.get(target);
  if (known.size >= KEPT_HOSTS) known.clear();
  const host = readHost(target);
  known.set(target, host);
  return host;
}

function readHost(target: string): string | undefined {
  const text = /^[a-z+]+:\/\//i.test(target) ? target : `any://${target}`;
  const host = URL.canParse(text) ? new URL(text).hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase() : '';
  return host === '' ? undefined : host;
}

/** Whether a host is this machine itself. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  (isIP(host) === 4 && host.startsWith('127.'));

/**
 * Tells a target that does not answer from a hub that cannot ask. Declared targets decide where there are any: while none of them takes a
 * connection, the hub is isolated. Without them it is when no network interface is up, or when the newest checks of all hosts, three at
 * least, came to nothing together.
 */
export function createSelfCheck(deps: {
  clock: Clock;
  open: Outbound['open'];
  targets(): readonly SelfCheckTarget[];
  /** Told when this hub becomes isolated (when and why), and when that is over. */
  onChange(isolation: Isolation | undefined): void;
  interfaces?: typeof networkInterfaces;
}) {
  const { clock } = deps;
  const interfaces = deps.interfaces ?? networkInterfaces;
  /** The newest check of each host that is not this machine: when (monotonic ms), and until when it says something. */
  const hosts = new Map<string, { reached: boolean; until: number }>();
  let asked: { at: number; answer: Promise<string | undefined> } | undefined;
  let isolation: Isolation | undefined;

  function become(reason: string | undefined): string | undefined {
    if ((reason === undefined) === (isolation === undefined)) return reason;
    isolation = reason === undefined ? undefined : { since: clock.now(), reason };
    deps.onChange(isolation);
    return reason;
  }

  async function reach({ host, port }: SelfCheckTarget): Promise<void> {
    const { socket } = await deps.open({ host, port, timeoutMs: PATIENCE_MS, trusted: true });
    socket.destroy();
  }

  /** Asks the declared targets, once a second at most: why this hub is isolated, undefined when one of them answers. */
  function ask(targets: readonly SelfCheckTarget[]): Promise<string | undefined> {
    if (asked && clock.monotonic() - asked.at < ASK_EVERY_MS) return asked.answer;
    const names = targets.map(({ host, port }) => `${host}:${port}`).join(', ');
    const answer = Promise.any(targets.map(reach)).then(
      () => undefined,
      () => `this hub reaches none of its own targets (${names})`,
    );
    asked = { at: clock.monotonic(), answer: answer.then(become) };
    return asked.answer;
  }

  function silence(): string | undefined {
    const now = clock.monotonic();
    const newest = [...hosts.values()].filter(({ until }) => until > now);
    if (newest.length < MIN_HOSTS || newest.some(({ reached }) => reached)) return undefined;
    return `none of ${newest.length} hosts was reached by their newest checks`;
  }

  const isCutOff = (): boolean =>
    !Object.values(interfaces()).some((addresses) => addresses?.some(({ internal }) => !internal));

  return {
    /** Notes that a target was reached, whatever it said. */
    reached({ target, intervalMs }: Checked): void {
      const host = hostOf(target);
      if (host !== undefined && !isLoopback(host))
        hosts.set(host, { reached: true, until: clock.monotonic() + 2 * intervalMs });
      if (!isolation) return;
      const targets = deps.targets();
      if (targets.length > 0) void ask(targets);
      else if (host !== undefined && !isLoopback(host)) become(undefined);
    },

    /** Why a target that was not reached proves nothing, or undefined when it does. */
    async blame({ target, intervalMs }: Checked): Promise<string | undefined> {
      const host = hostOf(target);
      const remote = host !== undefined && !isLoopback(host);
      if (remote) hosts.set(host, { reached: false, until: clock.monotonic() + 2 * intervalMs });
      const targets = deps.targets();
      if (targets.length > 0) return ask(targets);
      if (!remote) return undefined;
      return become(isCutOff() ? 'no network interface of this machine is up' : silence());
    },

    isolation: () => isolation,
    /** Forgets what is known of targets; for a hub that has stopped to look. */
    forget(): void {
      hosts.clear();
      become(undefined);
    },
  };
}
