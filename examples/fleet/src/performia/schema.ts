import type { Database } from '../shared/database.ts';
import { createRandom } from '../shared/random.ts';

/** Live sessions, the renders that come out of them, and the studios that pay for both. */
export const PERFORMIA_SCHEMA = `
CREATE TABLE IF NOT EXISTS studios (id TEXT PRIMARY KEY, name TEXT NOT NULL, credits INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, studio_id TEXT NOT NULL, artist TEXT NOT NULL, bpm INTEGER NOT NULL, started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL, ended_at INTEGER
);
CREATE INDEX IF NOT EXISTS sessions_live ON sessions (ended_at, seen_at);
CREATE TABLE IF NOT EXISTS renders (
  id TEXT PRIMARY KEY, session_id TEXT NOT NULL, preset TEXT NOT NULL, state TEXT NOT NULL, queued_at INTEGER NOT NULL,
  started_at INTEGER, finished_at INTEGER, frames INTEGER NOT NULL, exported INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS renders_by_state ON renders (state, queued_at);
`;

const STUDIOS = [
  'Blue Hour',
  'Late Signal',
  'Foxglove',
  'Atelier Nord',
  'Cassette Club',
  'Room 9',
  'Parallax',
  'Tidewater',
];

export async function seedPerformia(db: Database, now: number): Promise<void> {
  if (await db.one('SELECT id FROM studios LIMIT 1')) return;
  const random = createRandom(23);
  for (const [index, name] of STUDIOS.entries())
    await db.run('INSERT INTO studios (id, name, credits) VALUES ($1, $2, $3)', [
      `std_${index + 1}`,
      name,
      random.int(400, 4000),
    ]);
  for (let n = 1; n <= 90; n++) {
    const queued = now - random.int(1, 1400) * 60_000;
    const took = random.int(2, 14) * 1000;
    await db.run(
      `INSERT INTO renders (id, session_id, preset, state, queued_at, started_at, finished_at, frames)
       VALUES ($1, $2, $3, 'done', $4, $4, $5, $6)`,
      [
        `rnd_seed${n}`,
        `ses_seed${n}`,
        random.pick(['loop', 'stems', 'master']),
        queued,
        queued + took,
        random.int(240, 7200),
      ],
    );
  }
}
