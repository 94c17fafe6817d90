import { channel } from 'node:diagnostics_channel';

/** What was called of one host since the last report. */
export type HostCalls = { host: string; calls: number; failed: number };

export type Outgoing = {
  /** Counts one call by hand, of a client that uses neither `fetch`, undici nor `node:http`. */
  record(url: string | URL, failed: boolean): void;
  /** What was counted since it was last taken; undefined when that is nothing. */
  take(): { windowMs: number; hosts: HostCalls[] } | undefined;
  start(): void;
  stop(): void;
};

/** Hosts that are told apart; a product that talks to more is a crawler, and those beyond are not counted. */
const MAX_HOSTS = 100;

type Listener = (message: unknown) => void;
type Loose = Record<string, unknown> | undefined;

/**
 * Counts a process's outgoing HTTP calls by host, from what Node itself tells of `fetch`, undici and `node:http`: no call is changed, none
 * is slowed down, and neither paths nor headers are looked at. Calls to `except` (the hub) are left out.
 */
export function createOutgoing(except: readonly string[], now: () => number): Outgoing {
  const leaveOut = new Set(except.flatMap((url) => hostOf(url) ?? []));
  let counts = new Map<string, { calls: number; failed: number }>();
  let since = now();

  const count = (host: string | undefined, failed: boolean) => {
    if (host === undefined || leaveOut.has(host)) return;
    const known = counts.get(host);
    if (known) {
      known.calls++;
      if (failed) known.failed++;
    } else if (counts.size < MAX_HOSTS) counts.set(host, { calls: 1, failed: failed ? 1 : 0 });
  };

  /** Whatever a version of Node tells must not fail the product's own call. */
  const safely =
    (read: (message: Loose) => void): Listener =>
    (message) => {
      try {
        read(message as Loose);
      } catch {
        // A message of another shape is not counted.
      }
    };
  const undiciHost = (message: Loose) => hostOf(String((message?.request as Loose)?.origin));
  const httpHost = (message: Loose) => hostOfRequest(message?.request as Loose);

  const listeners: [name: string, listener: Listener][] = [
    [
      'undici:request:headers',
      safely((message) => count(undiciHost(message), isFailure((message?.response as Loose)?.statusCode))),
    ],
    ['undici:request:error', safely((message) => count(undiciHost(message), true))],
    [
      'http.client.response.finish',
      safely((message) => count(httpHost(message), isFailure((message?.response as Loose)?.statusCode))),
    ],
    ['http.client.request.error', safely((message) => count(httpHost(message), true))],
  ];
  let listening = false;

  return {
    record: (url, failed) => count(hostOf(String(url)), failed),
    take() {
      if (counts.size === 0) return undefined;
      const at = now();
      const hosts = [...counts].map(([host, { calls, failed }]) => ({ host, calls, failed }));
      const windowMs = Math.min(86_400_000, Math.max(1000, Math.round(at - since)));
      counts = new Map();
      since = at;
      return { windowMs, hosts };
    },
    start() {
      if (listening) return;
      listening = true;
      since = now();
      for (const [name, listener] of listeners) channel(name).subscribe(listener);
    },
    stop() {
      listening = false;
      for (const [name, listener] of listeners) channel(name).unsubscribe(listener);
    },
  };
}

/** A refusal is a call like any other; what the other side could not do, or nobody answered, has failed. */
const isFailure = (status: unknown): boolean => typeof status === 'number' && status >= 500;

/** `host:port`, the port always written. */
function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function hostOfRequest(request: Loose): string | undefined {
  const host = request?.host;
  // A call over a socket of this machine goes to nobody else.
  if (typeof host !== 'string' || request?.socketPath) return undefined;
  const getHeader = request?.getHeader as ((name: string) => unknown) | undefined;
  const named = getHeader?.call(request, 'host');
  const protocol = typeof request?.protocol === 'string' ? request.protocol : 'http:';
  // The Host header has the port, which the request itself does not tell; only its host is what was really dialled.
  const port = typeof named === 'string' ? /:(\d{1,5})$/.exec(named)?.[1] : undefined;
  return hostOf(`${protocol}//${host.includes(':') ? `[${host}]` : host}${port ? `:${port}` : ''}`);
}
