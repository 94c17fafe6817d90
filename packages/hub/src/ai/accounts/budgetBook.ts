import { BudgetDeclaration } from '@orrery/protocol';
import { type AuditEntry, authorizeWhole, type Caller } from '../../access/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Db, inTransaction } from '../../platform/db.ts';
import { HubError } from '../../platform/errors.ts';
import { type Budget, toBudget } from './limits.ts';
import type { AccountsConfig } from './settings.ts';
import type { AccountTables } from './tables.ts';

export type StoredBudget = { declaration: BudgetDeclaration; declaredIn: string | null };
export type BudgetBook = {
  /** All that hold now, ready to be judged by. */
  current(): Promise<readonly Budget[]>;
  all(): Promise<readonly StoredBudget[]>;
  put(caller: Caller, declaration: BudgetDeclaration): Promise<StoredBudget>;
  remove(caller: Caller, name: string): Promise<void>;
};

/** What another hub was told is known here after so long. */
const FRESH_MS = 2000;

/** The budgets of the file and those that were declared through the API; of two with one name the file's holds. */
export function createBudgetBook(deps: {
  db: Db;
  clock: Clock;
  config: () => AccountsConfig;
  audit: (trx: Db, entry: AuditEntry) => Promise<void>;
}): BudgetBook {
  const { db, clock, config, audit } = deps;
  let stored: readonly BudgetDeclaration[] | undefined;
  let readAt = 0;
  let made: { of: AccountsConfig['budgets']; and: readonly BudgetDeclaration[]; budgets: Budget[] } | undefined;

  async function read(): Promise<readonly BudgetDeclaration[]> {
    const now = clock.monotonic();
    if (stored !== undefined && now - readAt < FRESH_MS) return stored;
    readAt = now;
    const rows = await db
      .withTables<AccountTables>()
      .selectFrom('ai_budgets')
      .select('declaration')
      .orderBy('name')
      .execute();
    const next = rows.map(({ declaration }) => BudgetDeclaration.parse(JSON.parse(declaration)));
    if (JSON.stringify(next) !== JSON.stringify(stored)) stored = next;
    return stored ?? next;
  }

  const declaredInFile = (name: string) => config().budgets.find(({ declaration }) => declaration.name === name);

  async function all(): Promise<StoredBudget[]> {
    const file = config().budgets.map(({ declaration, ref }) => ({ declaration, declaredIn: ref }));
    const others = (await read()).filter(({ name }) => declaredInFile(name) === undefined);
    return [...file, ...others.map((declaration) => ({ declaration, declaredIn: null }))];
  }

  function refuseFile(name: string): void {
    const file = declaredInFile(name);
    if (file) throw new HubError('conflict', `The budget "${name}" is declared in ${file.ref}; change it there.`);
  }

  return {
    async current() {
      const and = await read();
      const of = config().budgets;
      if (made?.of !== of || made.and !== and)
        made = { of, and, budgets: (await all()).map(({ declaration }) => toBudget(declaration)) };
      return made.budgets;
    },
    all,
    async put(caller, declaration) {
      authorizeWhole(caller, 'configure');
      refuseFile(declaration.name);
      const { name } = declaration;
      await inTransaction(db, async (trx) => {
        const tables = trx.withTables<AccountTables>();
        const before = await tables
          .selectFrom('ai_budgets')
          .select('declaration')
          .where('name', '=', name)
          .executeTakeFirst();
        const text = JSON.stringify(declaration);
        await tables
          .insertInto('ai_budgets')
          .values({ name, declaration: text, created_by: caller.id, created_at: clock.now() })
          .onConflict((oc) => oc.column('name').doUpdateSet({ declaration: text }))
          .execute();
        await audit(trx, {
          caller,
          verb: 'ai.budgets.put',
          target: name,
          at: clock.now(),
          after: declaration,
          ...(before ? { before: JSON.parse(before.declaration) } : {}),
        });
      });
      stored = undefined;
      return { declaration, declaredIn: null };
    },
    async remove(caller, name) {
      authorizeWhole(caller, 'configure');
      refuseFile(name);
      await inTransaction(db, async (trx) => {
        const gone = await trx
          .withTables<AccountTables>()
          .deleteFrom('ai_budgets')
          .where('name', '=', name)
          .returning('declaration')
          .executeTakeFirst();
        if (!gone) throw new HubError('not_found', `No budget "${name}".`);
        await audit(trx, {
          caller,
          verb: 'ai.budgets.remove',
          target: name,
          at: clock.now(),
          before: JSON.parse(gone.declaration),
        });
      });
      stored = undefined;
    },
  };
}
