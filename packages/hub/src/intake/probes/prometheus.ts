import type { PrometheusProbe } from '@orrery/protocol';
import type { z } from 'zod';
import type { OutboundAnswer, OutboundRequest } from '../../platform/outbound.ts';
import { expected, failed, headersOf, isAccepted, shown, slowAfterMs, timing, tlsOf, upOrSlow } from './common.ts';
import { type Exposition, nameFilter, readExposition } from './exposition.ts';
import type { CheckContext, InstanceChecks, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  request: OutboundRequest;
  wanted(name: string): boolean;
  maxSeries: number;
  slowAfterMs: number | undefined;
};

/** More of a page is not read: what stands before it counts. */
const MAX_BYTES = 2 * 1024 * 1024;
const ACCEPT = 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.5, */*;q=0.1';

/** A page in Prometheus' text format: each line becomes a sample, its labels tags. Counters are kept as they are; the hub makes no rates of them. */
export const prometheus: ProbeFamily<z.output<typeof PrometheusProbe>, Spec> = {
  compile(declared) {
    const times = timing(declared);
    const tls = tlsOf(declared.tls);
    return {
      ...times,
      target: shown(declared.url),
      request: {
        url: declared.url,
        timeoutMs: times.timeoutMs,
        maxBytes: MAX_BYTES,
        oversize: 'truncate',
        headers: { accept: ACCEPT, ...headersOf(declared) },
        ...(tls ? { tls } : {}),
      },
      wanted: nameFilter(declared.metrics),
      maxSeries: declared.maxSeries,
      slowAfterMs: slowAfterMs(declared),
    };
  },

  async check(spec, { outbound, clock, signal }: CheckContext): Promise<Outcome> {
    const started = clock.monotonic();
    try {
      return read(spec, await outbound.request(signal ? { ...spec.request, signal } : spec.request));
    } catch (error) {
      return failed(`GET ${spec.target}`, error, clock.monotonic() - started);
    }
  },
};

function read(spec: Spec, { status, body, latencyMs, truncated }: OutboundAnswer): Outcome {
  const down = (reason: string): Outcome => ({ status: 'down', latencyMs, reason, heard: true });
  if (!isAccepted(status, undefined)) return down(`answered HTTP ${status}, expected ${expected(undefined)}`);
  const page = body.toString('utf8');
  // Of a page that was cut, the last line may be half of one.
  const reading = readExposition(truncated ? page.slice(0, page.lastIndexOf('\n') + 1) : page, spec);
  const { samples, refused, series } = reading;
  if (series === 0 && (refused.bad_line || truncated))
    return down(`answered HTTP ${status} with ${body.length} bytes that are no Prometheus text`);
  const reason = shortfall(reading, truncated);
  return {
    ...(reason === undefined
      ? upOrSlow(latencyMs, spec.slowAfterMs)
      : { status: 'degraded', latencyMs, reason, heard: true }),
    samples,
    ...(Object.keys(refused).length > 0 ? { refused, checks: notesOf(reading, spec.maxSeries) } : {}),
  };
}

function shortfall({ samples, refused, series }: Exposition, truncated: boolean): string | undefined {
  if (truncated) return `the page is larger than ${MAX_BYTES} bytes; only its beginning was read`;
  if (series === 0) return 'the page holds no series';
  if (samples.length === 0 && !refused.non_finite) return `none of the page's ${series} series has a declared name`;
  return undefined;
}

/** What was left out, as the instance's own parts are shown. It does not make the page worse. */
function notesOf({ samples, refused }: Exposition, maxSeries: number): InstanceChecks {
  const checks: InstanceChecks = {};
  if (refused.too_many)
    checks.series = {
      ok: false,
      detail: `the first ${maxSeries} series are kept; ${refused.too_many} more were left out (maxSeries)`,
    };
  if (refused.bad_line)
    checks.lines = { ok: false, detail: `${refused.bad_line} lines could not be read; ${samples.length} series were` };
  return checks;
}
