/**
 * What came from outside (log templates, titles, names, what products say of themselves) reaches a model with every word that is not of this
 * list as an opaque token. They are words for states of machines; there is no verb among them by which one could be told to do something,
 * and no value of any kind: no number, no name, no address, no secret.
 */
const WORDS = new Set(
  `abort aborted address allocation an at available backend bad before busy by cache certificate channel client closed cluster
  code conflict connection connections constraint container core corrupt cpu crash crashed critical database deadlock deadline degraded
  delayed denied dependency deploy detected disk dns down duplicate duration empty end error errors exceeded exception exhausted expired
  fail failed failing failure fatal file files forbidden found from full gateway handshake heap high host hung in index input instance
  internal invalid io is job json key lag latency leak left limit limited list lock locked lost low malformed maximum memory message metric
  migration missing module network no node not null object of offline old on oom open operation out over overload overloaded
  packet page panic parse partition pending permission pool port postgres primary process protocol proxy query queue quota rate reached
  redis refused rejected remaining replica request requests reset resource response restarting retries retry retrying row rows saturated
  schema server service session signal size slow slots socket space sql stack stale statement status stream syntax system table
  terminated thread threads throttled tls timed timeout timeouts to token too transaction truncated unable unauthorized unavailable
  undefined unexpected unhealthy unknown unreachable upstream usage value version waiting warning was with worker write`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
const MOST_WORDS = 40;

export type Opaque = (text: string) => string;

/** A writer of opaque texts: the same hidden word gets the same token throughout one question. */
export function createOpaque(): Opaque {
  const tokens = new Map<string, string>();
  return (text) =>
    (text.slice(0, 4000).match(/[\p{L}\p{N}_]+/gu) ?? [])
      .slice(0, MOST_WORDS)
      .map((word) => {
        const known = word.toLowerCase();
        if (WORDS.has(known)) return known;
        const token = tokens.get(known) ?? `t${tokens.size + 1}`;
        tokens.set(known, token);
        return token;
      })
      .join(' ');
}
