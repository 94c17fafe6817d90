import type { AgentName } from '@orrery/protocol';
import { type AuditEntry, authorizeWhole, type Caller } from '../access/index.ts';
import type { Clock } from '../platform/clock.ts';
import { type Db, inTransaction } from '../platform/db.ts';
import { HubError } from '../platform/errors.ts';
import type { Jobs } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import type { RestartRow } from './view.ts';

type Deps = {
  db: Db;
  clock: Clock;
  log: Log;
  jobs: Pick<Jobs, 'leading' | 'restartAgent'>;
  enabled(agent: AgentName): boolean;
  /** Tells the other hubs that a restart is asked for. */
  tell(): void;
  audit(trx: Db, entry: AuditEntry): Promise<void>;
};

/** Restarts of agents: written down wherever they are asked for, and done by the hub that runs the jobs. */
export function createRestarts({ db, clock, log, jobs, enabled, tell, audit }: Deps) {
  const tables = (of: Db) => of.withTables<{ agents: RestartRow }>();
  let doing: Promise<void> | undefined;
  let again = false;

  /** Does what is asked for and not yet done, when this hub runs the jobs. Of two that believe they do, one has it. */
  async function work(): Promise<void> {
    if (!jobs.leading()) return;
    const rows = await tables(db)
      .selectFrom('agents')
      .selectAll()
      .where(({ eb, ref }) => eb('done', '<', ref('asked')))
      .execute();
    for (const { name, asked, done } of rows) {
      const claimed = await tables(db)
        .updateTable('agents')
        .set({ done: asked })
        .where('name', '=', name)
        .where('done', '=', done)
        .executeTakeFirst();
      if (Number(claimed.numUpdatedRows) !== 1) continue;
      jobs.restartAgent(name as AgentName);
      log.info({ agent: name }, 'an agent was restarted');
    }
  }

  /** One at a time; what is asked for meanwhile is found right after. */
  function settle(): Promise<void> {
    again = true;
    doing ??= (async () => {
      while (again) {
        again = false;
        await work().catch((error: unknown) =>
          log.warn({ err: error }, 'restarts that are asked for could not be read'),
        );
      }
    })().finally(() => {
      doing = undefined;
    });
    return doing;
  }

  return {
    settle,
    async rows(): Promise<Map<string, RestartRow>> {
      return new Map((await tables(db).selectFrom('agents').selectAll().execute()).map((row) => [row.name, row]));
    },

    /** Asks for a restart of an agent, on record; throws `conflict` for one that is switched off. */
    async ask(caller: Caller, agent: AgentName): Promise<void> {
      authorizeWhole(caller, 'actions:run');
      if (!enabled(agent))
        throw new HubError('conflict', `${agent} is switched off by the configuration; there is nothing to restart.`);
      const at = clock.now();
      await inTransaction(db, async (trx) => {
        await tables(trx)
          .insertInto('agents')
          .values({ name: agent, asked: 1, done: 0, asked_at: at })
          .onConflict((oc) =>
            oc.column('name').doUpdateSet((eb) => ({ asked: eb('agents.asked', '+', 1), asked_at: at })),
          )
          .execute();
        await audit(trx, { caller, verb: 'agents.restart', target: agent, at });
      });
      tell();
      await settle();
    },
  };
}
