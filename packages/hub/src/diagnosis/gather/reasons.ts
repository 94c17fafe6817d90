import type { CauseKind } from '@orrery/protocol';

/**
 * What a text says is wrong, by words that operating systems, databases, runtimes and this hub's own probes use. `named`: it names the cause
 * itself; otherwise it only says how the part fails. The first that fits speaks, the most telling first.
 */
type Reading = { kind: CauseKind; named: boolean };
const NAMED: readonly [CauseKind, RegExp][] = [
  [
    'memory',
    /\b(?:out of memory|oom(?:[ -]?kill(?:ed|er)?)?|heap (?:limit|out|space)|enomem|cannot allocate memory|ran out of memory|outofmemoryerror|memory limit exceeded)\b/i,
  ],
  [
    'disk',
    /\b(?:no space left|enospc|disk (?:is )?full|edquot|quota exceeded|read-only file system|erofs|could not extend file)\b/i,
  ],
  [
    'certificate',
    /\b(?:tls_(?:expired|name|untrusted|handshake)|certificate (?:has|is|was|will|of|expire)|cert_has_expired|self[- ]signed|x509|err_tls)/i,
  ],
  [
    'dns',
    /\b(?:dns_[a-z]+|nxdomain|enotfound|eai_again|servfail|(?:could not|cannot) be resolved|name or service not known|getaddrinfo)\b/i,
  ],
  [
    'lock',
    /\b(?:deadlocks?(?: detected)?|lock (?:wait|timeout|not available)|waiting for (?:a |the )?lock|database is locked|sqlite_busy|could not obtain lock|could not serialize|lock_timeout|oldest_transaction\w*)\b/i,
  ],
  [
    'pool',
    /\b(?:too many (?:clients|connections|open files)|emfile|remaining connection slots|pool (?:is )?(?:exhausted|timed? ?out|full|empty)|connection pool|no (?:free|available) connections?|acquir\w+ (?:a )?connection|connections_percent|max_connections)\b/i,
  ],
  [
    'statement',
    /\b(?:slow (?:query|statement|sql)|statement timeout|canceling statement|query (?:timed? ?out|took)|statement_timeout|long[- ]running (?:query|statement)|sequential scan)\b/i,
  ],
  [
    'attack',
    /\b(?:sql injection|sqli|xss|cross[- ]site scripting|path traversal|brute[- ]?force|credential stuffing|rate[- ]limit (?:violation|exceeded)|web ?shell)\b/i,
  ],
  ['cpu', /\b(?:cpu (?:throttl\w+|starv\w+|saturat\w+|is )|event[- ]loop (?:lag|delay|block\w*)|load average)\b/i],
  [
    'config',
    /\b(?:invalid configuration|configuration error|missing (?:environment )?variable|unknown (?:option|setting|key)|(?:is )?not configured)\b/i,
  ],
];
const SEEN: readonly [CauseKind, RegExp][] = [
  [
    'malformed',
    /\b(?:no valid json|json that is no|is no valid|lacks the keyword|the json has no|unexpected (?:token|end)|truncated|malformed|larger than \d+ bytes|too_large|parse error|content-length|whole answer had arrived|is a protocol upgrade|invalid chunk)\b/i,
  ],
  ['slow', /\b(?:slower than|slow\b|latency|took too long|degraded performance|_p9\d)\b/i],
  [
    'unresponsive',
    /\b(?:time[sd]?[- ]?out|timeout|not answered in time|no answer within|did not answer|within \d+ ?ms|within its time|etimedout|hang(?:s|ing)?|deadline exceeded)\b/i,
  ],
  [
    'unreachable',
    /\b(?:refused|econnrefused|econnreset|nothing listens|no way to that address|was closed before the answer|connection was closed|unreachable|is (?:exited|dead)|was created but never started|restarting|offline|last heard of|missed (?:its|a) beat|no beat)\b/i,
  ],
  [
    'failing',
    /\b(?:http 5\d\d|http [34]\d\d|status 5\d\d|unhealthy|says it is|error[_ ]rate|errors?\b|exceptions?\b|failed|failures?\b|crash(?:ed|loop\w*)?|panic)/i,
  ],
];

/** Pure: what a reason, a title or a log line says; undefined when it says nothing that is known. */
export function readReason(text: string): Reading | undefined {
  const short = text.slice(0, 2000);
  const named = NAMED.find(([, words]) => words.test(short));
  if (named) return { kind: named[0], named: true };
  const seen = SEEN.find(([, words]) => words.test(short));
  return seen && { kind: seen[0], named: false };
}

/** Log lines that say that something which the part calls does not answer it. */
const MISSED =
  /\b(?:econnrefused|connection refused|econnreset|etimedout|socket hang up|upstream|fetch failed|bad gateway|service unavailable|connect timeout|could not connect|no route to host)\b/i;
/** Pure: what an error line says: about the part itself, or about what it calls. */
export function readLine(template: string): Reading | undefined {
  const read = readReason(template);
  if (read?.named) return read;
  return MISSED.test(template) ? { kind: 'dependency', named: true } : read;
}
