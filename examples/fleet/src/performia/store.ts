import type { Database } from '../shared/database.ts';
import { makeId } from '../shared/random.ts';

export type Render = { id: string; sessionId: string; preset: string; state: string; frames: number; queuedAt: number };
const DAY = 86_400_000;
const IDLE = 120_000;
const RENDER = 'id, session_id AS "sessionId", preset, state, frames, queued_at AS "queuedAt"';

/** Performia's live sessions and its render queue. */
export function createPerformiaStore(db: Database, now: () => number) {
  const number = async (sql: string, params: (string | number)[] = []) =>
    Number((await db.one<{ n: number | null }>(sql, params))?.n ?? 0);

  return {
    studios: () => db.all<{ id: string; name: string; credits: number }>('SELECT id, name, credits FROM studios'),
    async open(studioId: string, artist: string, bpm: number): Promise<string | undefined> {
      const id = makeId('ses');
      const made = await db.run(
        `INSERT INTO sessions (id, studio_id, artist, bpm, started_at, seen_at)
         SELECT $1, id, $3, $4, $5, $5 FROM studios WHERE id = $2`,
        [id, studioId, artist, bpm, now()],
      );
      return made > 0 ? id : undefined;
    },
    touch: async (id: string) =>
      (await db.run('UPDATE sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL', [id, now()])) > 0,
    end: async (id: string) =>
      (await db.run('UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL', [id, now()])) > 0,
    /** Ends the sessions whose artist has gone. */
    endIdle: () =>
      db.run('UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL AND seen_at < $2', [now(), now() - IDLE]),

    async queue(sessionId: string, preset: string, frames: number): Promise<Render | undefined> {
      const id = makeId('rnd');
      await db.run(
        `INSERT INTO renders (id, session_id, preset, state, queued_at, frames)
         SELECT $1, id, $3, 'queued', $4, $5 FROM sessions WHERE id = $2 AND ended_at IS NULL`,
        [id, sessionId, preset, now(), frames],
      );
      return db.one<Render>(`SELECT ${RENDER} FROM renders WHERE id = $1`, [id]);
    },
    render: (id: string) => db.one<Render>(`SELECT ${RENDER} FROM renders WHERE id = $1`, [id]),
    /** The oldest waiting render, now ours. */
    async take(): Promise<Render | undefined> {
      const next = await db.one<Render>(
        `SELECT ${RENDER} FROM renders WHERE state = 'queued' ORDER BY queued_at LIMIT 1`,
      );
      if (!next) return undefined;
      await db.run("UPDATE renders SET state = 'running', started_at = $2 WHERE id = $1", [next.id, now()]);
      return next;
    },
    finish: (id: string, state: 'done' | 'failed') =>
      db.run('UPDATE renders SET state = $2, finished_at = $3 WHERE id = $1', [id, state, now()]),
    exported: (id: string) => db.run('UPDATE renders SET exported = 1 WHERE id = $1', [id]),
    /** Renders that a killed process left running wait again. */
    requeue: () => db.run("UPDATE renders SET state = 'queued', started_at = NULL WHERE state = 'running'"),
    clear: () => db.run("UPDATE renders SET state = 'failed', finished_at = $1 WHERE state = 'queued'", [now()]),

    queueDepth: () => number("SELECT count(*) AS n FROM renders WHERE state = 'queued'"),
    ping: () => db.one('SELECT 1 AS n'),
    figures: async () => ({
      active_users: await number('SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL AND seen_at > $1', [
        now() - IDLE,
      ]),
      sessions_24h: await number('SELECT count(*) AS n FROM sessions WHERE started_at > $1', [now() - DAY]),
      renders_24h: await number("SELECT count(*) AS n FROM renders WHERE state = 'done' AND finished_at > $1", [
        now() - DAY,
      ]),
      renders_failed_24h: await number(
        "SELECT count(*) AS n FROM renders WHERE state = 'failed' AND finished_at > $1",
        [now() - DAY],
      ),
      queue_depth: await number("SELECT count(*) AS n FROM renders WHERE state = 'queued'"),
      render_wait_ms: Math.round(
        await number('SELECT AVG(started_at - queued_at) AS n FROM renders WHERE started_at > $1', [now() - 300_000]),
      ),
      revenue_24h:
        Math.round(
          (await number("SELECT SUM(frames) AS n FROM renders WHERE state = 'done' AND finished_at > $1", [
            now() - DAY,
          ])) * 0.4,
        ) / 100,
    }),
    async tidy(): Promise<void> {
      await db.run('DELETE FROM sessions WHERE ended_at < $1', [now() - 2 * DAY]);
      await db.run('DELETE FROM renders WHERE finished_at < $1', [now() - 2 * DAY]);
    },
  };
}
export type PerformiaStore = ReturnType<typeof createPerformiaStore>;
