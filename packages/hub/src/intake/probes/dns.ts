import type { DnsProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { OutboundError } from '../../platform/outbound.ts';
import { line } from '../json.ts';
import { failed, slowAfterMs, timing, upOrSlow } from './common.ts';
import type { Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type RecordType = z.output<typeof DnsProbe>['record'];
type Spec = ProbeSpec & {
  name: string;
  record: RecordType;
  expect: readonly string[];
  server: string | undefined;
  slowAfterMs: number | undefined;
};

const MAX_SHOWN = 5;
/** After these the name service itself has answered, only not as it should. */
const ANSWERED = new Set(['nxdomain', 'no_record', 'servfail', 'dns_refused']);

/** A name: that it has a record of a kind, and which values. */
export const dns: ProbeFamily<z.output<typeof DnsProbe>, Spec> = {
  compile: (declared) => ({
    ...timing(declared),
    target: `${declared.record} ${declared.name}${declared.server === undefined ? '' : ` at ${declared.server}`}`,
    name: declared.name,
    record: declared.record,
    expect: declared.expect ?? [],
    server: declared.server,
    slowAfterMs: slowAfterMs(declared),
  }),

  async check(spec, { outbound, clock, signal }): Promise<Outcome> {
    const started = clock.monotonic();
    const { name, record, server, timeoutMs } = spec;
    try {
      const { values, latencyMs } = await outbound.records({
        name,
        record,
        server,
        timeoutMs,
        ...(signal ? { signal } : {}),
      });
      const reason = broken(spec, values);
      return reason === undefined
        ? upOrSlow(latencyMs, spec.slowAfterMs)
        : { status: 'down', latencyMs, reason, heard: true };
    } catch (error) {
      const heard = error instanceof OutboundError && ANSWERED.has(error.code ?? '');
      return { ...failed(`DNS ${spec.target}`, error, clock.monotonic() - started), heard };
    }
  },
};

function broken({ name, record, expect }: Spec, values: readonly string[]): string | undefined {
  if (values.length === 0) return `${name} has no ${record} record`;
  const present = new Set(values.map((value) => plain(record, value)));
  const missing = expect.filter((value) => !present.has(plain(record, value)));
  if (missing.length === 0) return undefined;
  const lacks = missing.map((value) => `"${line(value, 100)}"`).join(', ');
  return `the ${record} records of ${name} lack ${lacks}; they are ${listed(record, values)}`;
}

/** What names as a TXT record may hold is nobody's business; addresses and names are. */
function listed(record: RecordType, values: readonly string[]): string {
  if (record === 'TXT') return values.length === 1 ? 'one other text' : `${values.length} other texts`;
  const rest = values.length - MAX_SHOWN;
  const few = values.slice(0, MAX_SHOWN).map((value) => line(value, 100));
  return `${few.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** One spelling for values that mean the same: case, blanks, the dot at the end of a name, zeros of an IPv6 address. */
function plain(record: RecordType, value: string): string {
  if (record === 'TXT') return value;
  if (record === 'AAAA') return URL.parse(`http://[${value}]`)?.hostname ?? value;
  return value
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/\.$/, ''))
    .join(' ');
}
