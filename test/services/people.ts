import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { KeyCreated, Role } from '@orrery/protocol';
import type { z } from 'zod';
import { hashPassword } from '../../packages/hub/src/access/passwords.ts';
import { createApi, type RunningHub } from './hub.ts';

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
  const body = { name: `${tenant ?? 'staff'} ${role}`, role, ...(projects ? { projects } : {}) };
  const made = await hub.api.post<z.infer<typeof KeyCreated>>('/api/keys', body);
  if (made.status !== 201) throw new Error(made.text);
  if (tenant !== undefined) write(hub, 'UPDATE api_keys SET tenant = ? WHERE id = ?', tenant, made.body.id);
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
  const answer = await createApi(hub.url).post('/api/auth/sign-in/email', { email, password: PASSWORD });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}
