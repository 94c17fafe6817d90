import type { RedisProbe } from '@orrery/protocol';
import type { z } from 'zod';
import type { OutboundTls } from '../../platform/outbound.ts';
import { failed, slowAfterMs, timing, tlsOf, upOrSlow } from './common.ts';
import { converse } from './converse.ts';
import { type DatabaseUrl, readDatabaseUrl } from './databaseUrl.ts';
import type { CheckContext, InstanceChecks, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';
import { readInfo } from './redisInfo.ts';
import { ask, type Reply } from './resp.ts';

type Spec = ProbeSpec & { url: DatabaseUrl; tls: OutboundTls | undefined; slowAfterMs: number | undefined };

const DEFAULT_PORT = 6379;
const ERRORS: Readonly<Record<string, string>> = {
  NOAUTH: 'it asks for a password and none is declared',
  WRONGPASS: 'it refused user name and password',
  NOPERM: 'the user may not do that',
  LOADING: 'it is loading its data',
  MASTERDOWN: 'it is a replica whose master is gone',
  BUSY: 'it is busy with a script',
};
/** Alive, but not yet or not fully of use. */
const HALF = new Set(['LOADING', 'MASTERDOWN', 'BUSY']);

/** A Redis server: it takes us in and answers PING; memory, clients, hits, evictions and replication come from INFO. */
export const redis: ProbeFamily<z.output<typeof RedisProbe>, Spec> = {
  compile(declared) {
    const url = readDatabaseUrl(declared.url, DEFAULT_PORT);
    const secure = declared.url.startsWith('rediss:');
    return {
      ...timing(declared),
      target: url.shown,
      url,
      tls: tlsOf(declared.tls) ?? (secure ? {} : undefined),
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, context: CheckContext): Promise<Outcome> {
    const { clock, memory } = context;
    const started = clock.monotonic();
    const { user, password, database, host, port } = spec.url;
    const before: string[][] = [];
    if (password !== '') before.push(['AUTH', ...(user === '' ? [] : [user]), password]);
    if (database !== '') before.push(['SELECT', database]);
    let replies: Reply[];
    try {
      const place = { host, port, tls: spec.tls, timeoutMs: spec.timeoutMs };
      replies = await converse(context, place, (socket) => ask(socket, [...before, ['PING'], ['INFO']]));
    } catch (error) {
      return failed(`Redis ${spec.target}`, error, clock.monotonic() - started);
    }
    const latencyMs = Math.round((clock.monotonic() - started) * 10) / 10;
    const names = [...before.map(([name]) => name ?? ''), 'PING'];
    const broken = names.findIndex((_, i) => 'error' in (replies[i] ?? {}));
    if (broken !== -1) return refused(names[broken] ?? '', replies[broken], latencyMs);
    const pong = replies[names.length - 1];
    if (!pong || !('text' in pong) || pong.text !== 'PONG')
      return { status: 'down', latencyMs, reason: 'PING was answered with something else than PONG', heard: true };
    return { ...upOrSlow(latencyMs, spec.slowAfterMs), ...told(replies.at(-1), memory) };
  },
};

function refused(command: string, reply: Reply | undefined, latencyMs: number): Outcome {
  const code = reply && 'error' in reply ? reply.error : 'ERR';
  const words = Object.hasOwn(ERRORS, code) ? `: ${ERRORS[code]}` : '';
  const reason = `${command} was answered with the error ${code}${words}`;
  return { status: HALF.has(code) ? 'degraded' : 'down', latencyMs, reason, heard: true };
}

/** What INFO adds. A user who may not ask for it is no failure, and is shown. */
function told(info: Reply | undefined, memory: CheckContext['memory']): Partial<Outcome> {
  if (!info || 'error' in info || info.text === null) {
    const code = info && 'error' in info ? info.error : 'no text';
    const checks: InstanceChecks = { info: { ok: false, detail: `INFO was not answered (${code})` } };
    return { checks };
  }
  const { figures, degraded, counters } = readInfo(info.text, memory.counters);
  memory.counters = counters;
  return { figures, ...(degraded === undefined ? {} : { status: 'degraded', reason: degraded }) };
}
