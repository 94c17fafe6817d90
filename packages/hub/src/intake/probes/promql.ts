import type { PromqlProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { OutboundError, type OutboundRequest } from '../../platform/outbound.ts';
import type { IncomingSample } from '../facts.ts';
import { line } from '../json.ts';
import { failed, headersOf, shown, slowAfterMs, timing, tlsOf, upOrSlow } from './common.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';
import { readQueryAnswer } from './queryAnswer.ts';

type Query = z.output<typeof PromqlProbe>['queries'][number];
type Spec = ProbeSpec & {
  request: OutboundRequest;
  queries: readonly Query[];
  slowAfterMs: number | undefined;
};
type Asked = { query: Query; samples: IncomingSample[]; refused: Record<string, number>; problem?: string };

/** Questions on their way to one server at a time. */
const AT_ONCE = 8;

/** Questions to a Prometheus server: each value that comes back becomes a sample under the declared name, its labels tags. */
export const promql: ProbeFamily<z.output<typeof PromqlProbe>, Spec> = {
  compile(declared) {
    const times = timing(declared);
    const tls = tlsOf(declared.tls);
    const url = new URL(declared.url);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
    return {
      ...times,
      target: shown(url.href),
      request: {
        url: url.href,
        method: 'POST',
        timeoutMs: times.timeoutMs,
        headers: {
          accept: 'application/json',
          ...headersOf(declared),
          'content-type': 'application/x-www-form-urlencoded',
        },
        ...(tls ? { tls } : {}),
      },
      queries: declared.queries,
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, context: CheckContext): Promise<Outcome> {
    const { clock } = context;
    const started = clock.monotonic();
    const waiting = [...spec.queries];
    const asked: Asked[] = [];
    const worker = async () => {
      for (let query = waiting.shift(); query; query = waiting.shift())
        asked.push(await ask(spec, query, started, context));
    };
    try {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
    } catch (error) {
      // The other workers have their question answered and find no other.
      waiting.length = 0;
      return failed(`POST ${spec.target}`, error, clock.monotonic() - started);
    }
    return judge(spec, asked, Math.round((clock.monotonic() - started) * 10) / 10);
  },
};

/** One question within what is left of the deadline. What becomes of the connection is the server's state, and thrown. */
async function ask(
  spec: Spec,
  query: Query,
  started: number,
  { outbound, clock, signal }: CheckContext,
): Promise<Asked> {
  const left = Math.ceil(spec.timeoutMs - (clock.monotonic() - started));
  const nothing = { query, samples: [], refused: {} };
  if (left <= 0) return { ...nothing, problem: `was not asked: ${spec.timeoutMs} ms were over` };
  try {
    const answer = await outbound.request({
      ...spec.request,
      body: new URLSearchParams({ query: query.query, timeout: `${left}ms` }).toString(),
      timeoutMs: left,
      ...(signal ? { signal } : {}),
    });
    return { ...nothing, ...readQueryAnswer(answer.status, answer.body.toString('utf8'), query) };
  } catch (error) {
    // A server that hangs on one question may have answered the others.
    if (error instanceof OutboundError && (error.kind === 'timeout' || error.kind === 'too_large'))
      return { ...nothing, problem: `failed: ${error.message}` };
    throw error;
  }
}

function judge(spec: Spec, asked: readonly Asked[], latencyMs: number): Outcome {
  const broken = asked.filter(({ problem }) => problem !== undefined);
  const [first] = broken;
  const refused: Record<string, number> = {};
  for (const [reason, count] of asked.flatMap((one) => Object.entries(one.refused)))
    refused[reason] = (refused[reason] ?? 0) + count;
  const told = {
    samples: asked.flatMap(({ samples }) => samples),
    ...(Object.keys(refused).length > 0 ? { refused } : {}),
  };
  if (!first) return { ...upOrSlow(latencyMs, spec.slowAfterMs), ...told };
  const what = `the query for ${line(first.query.metric, 128)} ${first.problem}`;
  const heard = broken.length < asked.length;
  const reason = asked.length === 1 ? what : `${broken.length} of ${asked.length} queries failed; ${what}`;
  return { status: heard ? 'degraded' : 'down', latencyMs: heard ? latencyMs : null, reason, heard, ...told };
}
