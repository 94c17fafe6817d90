import { type AuditEntry, authorize, type Caller } from '../../access/index.ts';
import { type Clock, iso } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { Secrets } from '../../platform/secrets.ts';
import type { CallFacts, Contents } from '../types.ts';
import { RULE_ORDER, RULES } from './guardrail/rules.ts';
import type { AccountsConfig } from './settings.ts';
import type { AccountTables } from './tables.ts';
import { visibleTo } from './usage.ts';

/** Longer texts are cut: this is for reading what went wrong, not an archive. */
const MOST_CHARS = 64 * 1024;

export type ContentView = { id: string; request: string; answer: string; until: string };

/** What is asked and answered is kept for those tenants alone that asked for it, without personal data and secrets, sealed, for a while. */
export function createContents(deps: {
  db: Db;
  clock: Clock;
  log: Log;
  secrets: Secrets;
  config: () => AccountsConfig['content'];
  audit(trx: Db, entry: AuditEntry): Promise<void>;
}): Contents & { read(caller: Caller, id: string): Promise<ContentView>; expire(): Promise<void> } {
  const { db, clock, log, secrets, config } = deps;
  const tables = db.withTables<AccountTables>();
  const wants = (call: CallFacts): boolean => call.tenant !== null && config().tenants.includes(call.tenant);
  const place = (id: string) => `ai.content:${id}`;

  return {
    wants,
    async keep(call, request, answer) {
      if (!wants(call) || call.tenant === null) return;
      const now = clock.now();
      const kept = JSON.stringify({ request: redacted(request), answer: redacted(answer) });
      try {
        await tables
          .insertInto('ai_contents')
          .values({
            call_id: call.id,
            tenant: call.tenant,
            at: now,
            until_at: now + config().keepMs,
            sealed: secrets.seal(kept, place(call.id)),
          })
          .onConflict((oc) => oc.doNothing())
          .execute();
      } catch (error) {
        // The call is served and settled; what was said in it is a convenience.
        log.warn({ err: error, call: call.id }, 'the content of a call could not be kept');
      }
    },
    /** What was said in one call; who reads it stands in the audit trail. */
    async read(caller, id) {
      authorize(caller, 'configure');
      const row = await tables
        .selectFrom('ai_contents')
        .innerJoin('ai_calls', 'ai_calls.id', 'ai_contents.call_id')
        .select(['ai_calls.tenant', 'ai_calls.project', 'ai_contents.sealed', 'ai_contents.until_at'])
        .where('call_id', '=', id)
        .where('until_at', '>', clock.now())
        .executeTakeFirst();
      if (!row || !visibleTo(caller)(row)) throw new HubError('not_found', `No content of the call "${id}" is kept.`);
      await inTransaction(db, (trx) =>
        deps.audit(trx, { caller, verb: 'ai.content.read', target: id, at: clock.now() }),
      );
      const { request, answer } = JSON.parse(secrets.open(row.sealed, place(id))) as {
        request: string;
        answer: string;
      };
      return { id, request, answer, until: iso(row.until_at) };
    },
    async expire() {
      await tables.deleteFrom('ai_contents').where('until_at', '<=', clock.now()).execute();
    },
  };
}

function redacted(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8').slice(0, MOST_CHARS);
  return RULE_ORDER.reduce((left, rule) => RULES[rule](left), text);
}
