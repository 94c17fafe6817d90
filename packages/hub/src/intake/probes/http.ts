import type { HttpProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { parseShallowJson } from '../../platform/json.ts';
import type { OutboundRequest } from '../../platform/outbound.ts';
import { deeperThan, line } from '../json.ts';
import { daysLeft } from './certificate.ts';
import { expected, failed, headersOf, isAccepted, shown, slowAfterMs, timing, tlsOf, upOrSlow } from './common.ts';
import { parsePath, valueAt } from './jsonPath.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  request: OutboundRequest & { method: string };
  status: readonly number[] | undefined;
  keyword: string | undefined;
  json: { path: string; steps: readonly (string | number)[]; equals: string | number | boolean | null } | undefined;
  slowAfterMs: number | undefined;
};

/** A web address: its status, a keyword, a value inside its JSON, its latency, and what is left of its certificate. */
export const http: ProbeFamily<z.output<typeof HttpProbe>, Spec> = {
  compile(declared) {
    const times = timing(declared);
    const tls = tlsOf(declared.tls);
    return {
      ...times,
      target: shown(declared.url),
      request: {
        url: declared.url,
        method: declared.method,
        timeoutMs: times.timeoutMs,
        headers: { accept: declared.json ? 'application/json' : '*/*', ...headersOf(declared) },
        ...(declared.body === undefined ? {} : { body: declared.body }),
        ...(declared.followRedirects > 0 ? { followRedirects: declared.followRedirects } : {}),
        ...(tls ? { tls } : {}),
      },
      status: declared.status,
      keyword: declared.keyword,
      json: declared.json && { ...declared.json, steps: parsePath(declared.json.path) ?? [declared.json.path] },
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, { outbound, clock, signal }: CheckContext): Promise<Outcome> {
    const started = clock.monotonic();
    try {
      const answer = await outbound.request(signal ? { ...spec.request, signal } : spec.request);
      const { latencyMs, certificateUntil } = answer;
      const reason = broken(spec, answer);
      const outcome: Outcome =
        reason === undefined
          ? upOrSlow(latencyMs, spec.slowAfterMs)
          : { status: 'down', latencyMs, reason, heard: true };
      if (certificateUntil !== undefined) outcome.figures = [daysLeft(certificateUntil, clock.now())];
      return outcome;
    } catch (error) {
      return failed(`${spec.request.method} ${spec.target}`, error, clock.monotonic() - started);
    }
  },
};

function broken(spec: Spec, answer: { status: number; body: Buffer; redirects?: number }): string | undefined {
  const { status, body, redirects = 0 } = answer;
  const way = redirects === 0 ? '' : redirects === 1 ? ' after a redirect' : ` after ${redirects} redirects`;
  if (!isAccepted(status, spec.status)) return `answered HTTP ${status}${way}, expected ${expected(spec.status)}`;
  if (spec.keyword !== undefined && !body.includes(spec.keyword))
    return `the body (${body.length} bytes) lacks the keyword "${line(spec.keyword, 100)}"`;
  return spec.json && jsonBroken(spec.json, body);
}

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
