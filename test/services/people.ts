import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { KeyCreated, Role } from '@orrery/protocol';
import type { z } from 'zod';
import { hashPassword } from '../../packages/hub/src/access/passwords.ts';
import { createApi, type RunningHub } from './hub.ts';
import { until } from './until.ts';

export const PASSWORD = 'a long sentence for a password';

/** One statement on the hub's own database, as its owner could write it. */
function write(hub: RunningHub, statement: string, ...values: (string | null)[]): void {
  const db = new DatabaseSync(join(hub.dataDir, 'orrery.db'));
  try {
    db.exec('PRAGMA busy_timeout = 10000');
    db.prepare(statement).run(...values);
  } finally {
    db.close();
  }
}

/** A key of a role; of a tenant, when one is named. */
export async function makeKey(
  hub: RunningHub,
  role: Role,
  more: { tenant?: string; projects?: string[] } = {},
): Promise<string> {
  const { tenant, projects } = more;
  const body = {
    name: `${tenant ?? 'staff'} ${role}`,
    role,
    ...(projects ? { projects } : {}),
    ...(tenant ? { tenant } : {}),
  };
  const made = await hub.api.post<z.infer<typeof KeyCreated>>('/api/keys', body);
  if (made.status !== 201) throw new Error(made.text);
  return made.body.key;
}

/** A person with a password, of a tenant or of staff. */
export async function addPerson(
  hub: RunningHub,
  person: { email: string; name: string; role: Role; tenant?: string },
): Promise<void> {
  const id = `usr_${person.email.replace(/\W/g, '')}`;
  const at = new Date().toISOString();
  write(
    hub,
    `INSERT INTO users (id, name, email, email_verified, image, role, tenant, created_at, updated_at)
     VALUES (?, ?, ?, 0, NULL, ?, ?, ?, ?)`,
    ...[id, person.name, person.email, person.role, person.tenant ?? null, at, at],
  );
  write(
    hub,
    `INSERT INTO accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
     VALUES (?, ?, 'credential', ?, ?, ?, ?)`,
    ...[`acc_${id}`, id, id, await hashPassword(PASSWORD), at, at],
  );
}

/** The cookie of a person who has just signed in. */
export async function signedIn(hub: RunningHub, email: string): Promise<string> {
  // Strangers share one limit: who has used it up waits for room.
  const answer = await until(
    async () => {
      const tried = await createApi(hub.url).post('/api/auth/sign-in/email', { email, password: PASSWORD });
      return tried.status === 429 ? undefined : tried;
    },
    { timeoutMs: 60_000, everyMs: 1000, what: `${email} may sign in` },
  );
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}

/** A row as some part of the hub would have left it: what is not given and may not be null gets a value of the column's type. */
export function leaveRow(hub: RunningHub, table: string, given: Record<string, string | number | null>): void {
  const db = new DatabaseSync(join(hub.dataDir, 'orrery.db'));
  try {
    db.exec('PRAGMA busy_timeout = 10000');
    const columns = db.prepare('SELECT name, type, "notnull" AS needed FROM pragma_table_info(?)').all(table);
    const names = columns
      .filter(({ name, needed }) => String(name) in given || needed === 1)
      .map(({ name }) => String(name));
    const values = names.map((name) => {
      if (name in given) return given[name] ?? null;
      return columns.find((column) => column.name === name)?.type === 'TEXT' ? '' : 0;
    });
    db.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(...values);
  } finally {
    db.close();
  }
}

/** What the tables say in these columns of the rows that hold a word anywhere. */
export function rowsOf(hub: RunningHub, word: string, tables: Readonly<Record<string, string>>): unknown[] {
  const db = new DatabaseSync(join(hub.dataDir, 'orrery.db'), { readOnly: true });
  try {
    return Object.entries(tables).flatMap(([table, columns]) =>
      db
        .prepare(`SELECT ${columns} FROM ${table}`)
        .all()
        .filter((row) => JSON.stringify(row).includes(word))
        .map((row) => `${table} ${JSON.stringify(row)}`),
    );
  } finally {
    db.close();
  }
}
