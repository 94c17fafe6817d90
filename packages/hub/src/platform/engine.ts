import type { Clock } from './clock.ts';
import { parseShallowJson } from './json.ts';
import { type Outbound, OutboundError, type OutboundTls } from './outbound.ts';

export type EnginePlace = { url?: string | undefined; socket?: string | undefined; tls?: OutboundTls | undefined };
/** One event of a container, as the engine tells it; time in epoch ms. */
export type EngineEvent = {
  action: string;
  id: string;
  at: number;
  attributes: Readonly<Record<string, string>>;
};
export type Engine = ReturnType<typeof createEngine>;

const SOCKET = '/var/run/docker.sock';
/** A container with thousands of mounts and labels says more than most. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_EVENT_BYTES = 256 * 1024;
/** What the engine needs to end a stream whose time is over. */
const PARTING_MS = 10_000;
const ID = /^[0-9a-f]{12,64}$/;

/** What the engine answered in place of what was asked; `status` is HTTP's. */
export class EngineError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

/**
 * A container engine over its HTTP API and the one way out: dockerode opens sockets of its own, where neither the address policy nor a
 * deadline holds. Throws OutboundError for what becomes of the connection and EngineError for other answers than were hoped for.
 */
export function createEngine({
  outbound,
  clock,
  place,
}: {
  outbound: Pick<Outbound, 'request'>;
  clock: Pick<Clock, 'now'>;
  place: EnginePlace;
}) {
  const base = place.url?.replace(/\/+$/, '') ?? 'http://docker';
  const way = {
    ...(place.url === undefined ? { socketPath: place.socket ?? SOCKET } : {}),
    ...(place.tls ? { tls: place.tls } : {}),
  };
  type Limits = { timeoutMs: number; signal?: AbortSignal | undefined };
  const ask = async (method: string, path: string, { timeoutMs, signal }: Limits, wanted: number) => {
    const answer = await outbound.request({
      ...way,
      url: `${base}${path}`,
      method,
      maxBytes: MAX_BYTES,
      timeoutMs: Math.max(1, Math.ceil(timeoutMs)),
      ...(signal ? { signal } : {}),
    });
    if (answer.status !== wanted)
      throw new EngineError(
        answer.status,
        `the engine answered HTTP ${answer.status}: ${answer.body.toString('utf8').slice(0, 200)}`,
      );
    return answer.body.toString('utf8');
  };

  return {
    /** The ids of all containers, running or not, that carry every one of the labels (`key=value`). */
    async list(labels: readonly string[], limits: Limits): Promise<{ id: string; name: string }[]> {
      const filters = encodeURIComponent(JSON.stringify(labels.length > 0 ? { label: labels } : {}));
      const found: unknown = JSON.parse(await ask('GET', `/containers/json?all=1&filters=${filters}`, limits, 200));
      if (!Array.isArray(found)) throw new EngineError(200, 'the engine listed no containers');
      return found.flatMap((one: { Id?: unknown; Names?: unknown }) =>
        typeof one.Id === 'string' && ID.test(one.Id) && Array.isArray(one.Names) && typeof one.Names[0] === 'string'
          ? [{ id: one.Id, name: one.Names[0].replace(/^\//, '') }]
          : [],
      );
    },
    /** One container by its name or id, as the engine describes it; undefined when there is none. */
    async inspect(container: string, limits: Limits): Promise<unknown> {
      try {
        return parseShallowJson(await ask('GET', `/containers/${encodeURIComponent(container)}/json`, limits, 200));
      } catch (error) {
        if (error instanceof EngineError && error.status === 404) return undefined;
        throw error;
      }
    },
    /** Restarts one container by its id: the name may mean another one by now. */
    async restart(id: string, graceMs: number, limits: Limits): Promise<void> {
      await ask('POST', `/containers/${id}/restart?t=${Math.ceil(graceMs / 1000)}`, limits, 204);
    },
    /**
     * What happens to containers between two times (epoch ms), each told as it comes; resolves when the later is over. What happened before
     * now comes from the engine's memory, which holds the last 256 events.
     */
    async events(
      { since, until, signal }: { since: number; until: number; signal: AbortSignal },
      onEvent: (event: EngineEvent) => void,
    ): Promise<void> {
      const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
      const query = `since=${(since / 1000).toFixed(3)}&until=${(until / 1000).toFixed(3)}&filters=${filters}`;
      let rest = '';
      const { status } = await outbound.request({
        ...way,
        url: `${base}/events?${query}`,
        timeoutMs: Math.max(0, until - clock.now()) + PARTING_MS,
        signal,
        onData(chunk) {
          rest += chunk.toString('utf8');
          const lines = rest.split('\n');
          rest = lines.pop() ?? '';
          if (rest.length > MAX_EVENT_BYTES) throw new OutboundError('too_large', 'an event without an end');
          for (const line of lines) {
            const event = readEvent(line);
            if (event) onEvent(event);
          }
        },
      });
      if (status !== 200)
        throw new EngineError(status, `the engine answered HTTP ${status} to a question for its events`);
    },
  };
}

/** Pure: one line of the stream; undefined for what is no event of a container. */
export function readEvent(line: string): EngineEvent | undefined {
  if (line.trim() === '') return undefined;
  const json: unknown = parseShallowJson(line);
  if (!isObject(json) || json.Type !== 'container' || !isObject(json.Actor)) return undefined;
  const { Action: action, time, timeNano, Actor: actor } = json;
  const { ID: id } = actor;
  if (typeof action !== 'string' || typeof id !== 'string' || !ID.test(id)) return undefined;
  const at = typeof timeNano === 'number' ? timeNano / 1e6 : typeof time === 'number' ? time * 1000 : Number.NaN;
  if (!Number.isFinite(at)) return undefined;
  const attributes = isObject(actor.Attributes) ? actor.Attributes : {};
  const texts = Object.entries(attributes).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { action, id, at, attributes: Object.fromEntries(texts) };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
