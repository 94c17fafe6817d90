import type { CauseKind } from '@orrery/protocol';

/** In words what each kind of cause says of a part, and what a person does next. */
const WORDS: Readonly<Record<CauseKind, readonly [title: string, nextStep: string]>> = {
  deploy: [
    'A deploy of %s',
    'Compare what was deployed with what ran before; roll it back when the errors began with it.',
  ],
  config: [
    'A changed configuration of %s',
    'Look at what was changed, and take it back when the trouble began with it.',
  ],
  traffic: [
    'More traffic at %s than it serves',
    'See where the requests come from; add capacity, or limit who sends them.',
  ],
  attack: [
    'Hostile requests against %s',
    'See who sends them, and block or limit the source; then look for what they reached.',
  ],
  unreachable: [
    '%s does not accept connections',
    'See whether its process runs and listens; its last log lines say why it ended.',
  ],
  unresponsive: [
    '%s accepts connections and does not answer',
    'Look at what its process waits for: a lock, a full pool, a busy event loop.',
  ],
  failing: ['%s answers with errors', 'Read its newest error lines: they name what fails inside of it.'],
  malformed: [
    '%s answers with what cannot be read',
    'Ask it by hand and look at the answer: a proxy page, a cut-off body, another version.',
  ],
  slow: ['%s has become slow', 'Compare its slowest routes and statements with an hour before.'],
  memory: ['%s runs out of memory', 'Take a heap profile if it still runs, then restart it; look for what grows.'],
  cpu: ['%s is short of CPU', 'Take a CPU profile; look for a hot loop or for neighbours on the same machine.'],
  disk: ['%s runs out of disk', 'Free or add space; look for logs, write-ahead files and temporary files that grow.'],
  pool: [
    '%s has used up its connections',
    'See who holds connections and for how long; look for one that is never given back.',
  ],
  statement: [
    'A slow statement at %s',
    'Look at its plan (EXPLAIN) and its indexes; see whether its table grew or its statistics are old.',
  ],
  lock: ['Work at %s waits for locks', 'Find the oldest transaction and who it blocks; end it when nobody needs it.'],
  certificate: [
    'The certificate of %s is not accepted',
    'Renew it, or correct its names and chain; then have the server load it.',
  ],
  dns: [
    'The name of %s cannot be resolved',
    'Ask its name servers; see whether the record was changed or the zone has expired.',
  ],
  dependency: ['%s misses something that it depends on', 'See which of the things that it needs does not answer it.'],
  hub: ['%s itself is in trouble', 'Look at the hub: its disk, its database, its network; `orrery doctor` says more.'],
  unknown: ['Something at %s that no evidence names', 'Look at the part and what it needs.'],
};

export function wordsOf(kind: CauseKind, name: string): { title: string; nextStep: string } {
  const [title, nextStep] = WORDS[kind];
  return { title: title.replace('%s', name), nextStep };
}
