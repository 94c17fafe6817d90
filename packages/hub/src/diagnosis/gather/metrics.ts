import type { CauseKind } from '@orrery/protocol';

/** Which way a metric goes when it goes wrong, and what it then speaks for. */
export type Meaning = { kind: CauseKind; bad: 'up' | 'down'; counter: boolean };

/**
 * The words of metric names by the conventions of Prometheus exporters and OpenTelemetry, and of the hub's own probes and SDK. Names are
 * cut at dots, underscores and dashes; the first row whose words fit speaks. Nothing is read out of the name of a product.
 */
const KINDS: readonly [CauseKind, RegExp][] = [
  ['attack', /\b(?:injection|attack|brute|blocked requests|auth fail\w*|login fail\w*|failed logins?|waf)\b/],
  ['lock', /\b(?:locks?|deadlocks?|blocked (?:queries|transactions|backends)|lock wait|oldest transaction)\b/],
  [
    'statement',
    /\b(?:db|sql|database|postgres|postgresql|mysql|sqlite|query|queries|statements?)\b.*\b(?:p\d\d\d?|latency|duration|time|ms|mean|slow)\b/,
  ],
  ['failing', /\b(?:errors?|failures?|failed|exceptions?|5xx|error rate|restarts?|restart count|panics?)\b/],
  [
    'pool',
    /\b(?:pool|connections?|connected clients|max connections|hikari\w*|threads busy|open fds|open file descriptors|in use|pending acquires?)\b/,
  ],
  ['memory', /\b(?:rss|heap|memory|mem|oom|working set|resident|gc|swap)\b/],
  ['cpu', /\b(?:cpu|load1|load5|load average|event loop|eventloop|throttled|throttling)\b/],
  ['disk', /\b(?:disk|filesystem|fs|inodes?|volume|wal|database bytes|storage)\b/],
  ['slow', /\b(?:latency|duration|response time|p95|p99|p90|p50|ttfb|queue (?:depth|length|size)|backlog|lag)\b/],
  [
    'traffic',
    /\b(?:requests?|rps|qps|throughput|hits|visitors|sessions|connections accepted|messages (?:in|received))\b/,
  ],
];
const LESS_IS_WORSE = /\b(?:free|available|avail|idle|remaining|headroom|hit rate|left)\b/;
/** Times, sizes and settings that change by themselves or mean nothing by their level. */
const NOTHING =
  /\b(?:uptime|started at|last deployed at|last run at|last scan at|probe up|certificate|rows|limit|response bytes|cost|budget|revenue)\b/;

const words = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[._\-:/]+/g, ' ');

/** Pure: what a change of this metric may speak for; undefined for one whose name says nothing of it. */
export function meaningOf(key: string): Meaning | undefined {
  const name = words(key);
  if (NOTHING.test(name)) return undefined;
  const found = KINDS.find(([, pattern]) => pattern.test(name));
  if (!found) return undefined;
  const counter = / total$| count$| sum$/.test(name) && found[0] !== 'memory' && !/ restart count$/.test(name);
  return { kind: found[0], bad: LESS_IS_WORSE.test(name) ? 'down' : 'up', counter };
}
