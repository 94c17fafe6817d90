import type { HttpProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { parseShallowJson } from '../../platform/json.ts';
import { deeperThan, line } from '../json.ts';
import { expected, failed, isAccepted, ms, shown, tooSlow } from './common.ts';
import { parsePath, valueAt } from './jsonPath.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  url: string;
  status: readonly number[] | undefined;
  keyword: string | undefined;
  json: { path: string; steps: readonly (string | number)[]; equals: string | number | boolean | null } | undefined;
  slowAfterMs: number | undefined;
};

/** A web address: its status, a keyword, a value inside its JSON, its latency. */
export const http: ProbeFamily<z.output<typeof HttpProbe>, Spec> = {
  compile: (declared) => ({
    target: shown(declared.url),
    url: declared.url,
    intervalMs: ms(declared.interval),
    everyMs: ms(declared.interval),
    timeoutMs: ms(declared.timeout),
    failAfter: declared.failAfter,
    recoverAfter: declared.recoverAfter,
    status: declared.status,
    keyword: declared.keyword,
    json: declared.json && { ...declared.json, steps: parsePath(declared.json.path) ?? [declared.json.path] },
    slowAfterMs: declared.slowAfter === undefined ? undefined : ms(declared.slowAfter),
  }),

  async check(spec, { outbound, clock, signal }: CheckContext): Promise<Outcome> {
    const started = clock.monotonic();
    try {
      const { status, latencyMs, body } = await outbound.request({
        url: spec.url,
        timeoutMs: spec.timeoutMs,
        headers: { accept: spec.json ? 'application/json' : '*/*' },
        ...(signal ? { signal } : {}),
      });
      const down = (reason: string): Outcome => ({ status: 'down', latencyMs, reason, heard: true });
      if (!isAccepted(status, spec.status)) return down(`answered HTTP ${status}, expected ${expected(spec.status)}`);
      if (spec.keyword !== undefined && !body.includes(spec.keyword))
        return down(`the body (${body.length} bytes) lacks the keyword "${line(spec.keyword, 100)}"`);
      const broken = spec.json && jsonBroken(spec.json, body);
      if (broken) return down(broken);
      const slow = tooSlow(latencyMs, spec.slowAfterMs);
      return slow
        ? { status: 'degraded', latencyMs, reason: slow, heard: true }
        : { status: 'up', latencyMs, heard: true };
    } catch (error) {
      return failed(`GET ${spec.target}`, error, clock.monotonic() - started);
    }
  },
};

function jsonBroken({ path, steps, equals }: NonNullable<Spec['json']>, body: Buffer): string | undefined {
  const answer = parseShallowJson(body.toString('utf8'));
  if (answer === undefined) return `the body (${body.length} bytes) is no valid JSON, expected ${path} in it`;
  const { found, value } = valueAt(answer, steps);
  const wanted = JSON.stringify(equals);
  if (!found) return `the JSON has no ${path}, expected ${wanted}`;
  if (value === equals) return undefined;
  const is = deeperThan(value, 0) ? (Array.isArray(value) ? 'a list' : 'an object') : line(JSON.stringify(value), 80);
  return `${path} is ${is}, expected ${wanted}`;
}
