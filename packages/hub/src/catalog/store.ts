import { createHash } from 'node:crypto';
import { ProjectDeclaration } from '@orrery/protocol';
import { maskIdentity, maskPerformance, maskServices } from '../intake/index.ts';
import { fieldErrors, HubError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { isSealed, type Secrets } from '../platform/secrets.ts';
import { maskUrl } from '../platform/urls.ts';
import type { ProjectRow } from './tables.ts';

/** A project as the other rooms see it: its declaration, and where that stands. The key is read by `apiKeyOf` only. */
export type StoredProject = Omit<ProjectDeclaration, 'apiKey'> & {
  declaredIn: { source: 'file' | 'api' | 'discovered'; ref?: string };
  lastSeenAt: number | null;
};

export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');
const sealContext = (slug: string) => `project-key:${slug}`;
const declarationContext = (slug: string) => `project:${slug}`;

type Declaration = Omit<ProjectDeclaration, 'apiKey'>;
const MOST_READ = 5000;
const readings = new WeakMap<Secrets, Map<string, Declaration>>();

/** Declarations that these secrets opened already, by what is stored: they are read again and again, and to open and check one takes longer than to find it. */
function readBy(secrets: Secrets): Map<string, Declaration> {
  const known = readings.get(secrets) ?? new Map<string, Declaration>();
  readings.set(secrets, known);
  return known;
}

/** Reads a row; throws `internal` when its declaration is none, whoever has written it. */
export function toStored(row: ProjectRow, secrets: Secrets): StoredProject {
  const where = {
    declaredIn: { source: row.declared_source, ...(row.declared_ref === null ? {} : { ref: row.declared_ref }) },
    lastSeenAt: row.last_seen_at,
  };
  const read = readBy(secrets);
  const key = `${row.slug} ${row.declaration}`;
  const known = read.get(key);
  if (known) return { ...known, ...where };
  const parsed = ProjectDeclaration.safeParse(JSON.parse(openDeclaration(row, secrets)));
  if (!parsed.success) {
    const fields = fieldErrors(parsed.error.issues, 'declaration');
    const what = fields.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
    throw new HubError('internal', `What is stored of the project ${row.slug} is no valid declaration (${what}).`, {
      fields,
    });
  }
  const { apiKey: _, ...declaration } = parsed.data;
  if (read.size >= MOST_READ) read.clear();
  read.set(key, declaration);
  return { ...declaration, ...where };
}

/** Makes something of each row; one that cannot be read is logged and left out, so that it takes no other project with it. */
export function fromReadable<T>(rows: readonly ProjectRow[], log: Log, make: (row: ProjectRow) => T): T[] {
  return rows.flatMap((row) => {
    try {
      return [make(row)];
    } catch (error) {
      log.error({ err: error, project: row.slug }, 'a stored project cannot be read and is not watched');
      return [];
    }
  });
}

/** A declaration as it is stored: sealed for its own project. */
export const sealDeclaration = (declaration: Declaration, secrets: Secrets): string =>
  secrets.seal(JSON.stringify(declaration), declarationContext(declaration.slug));

/** The columns of a declaration, sealed: its probes carry passwords, tokens and keys. The project's own key is sealed by itself, and hashed. */
export function toRow(declaration: ProjectDeclaration, secrets: Secrets) {
  const { apiKey, ...rest } = declaration;
  return {
    slug: rest.slug,
    name: rest.name,
    tenant: rest.tenant ?? null,
    declaration: sealDeclaration(rest, secrets),
    api_key_sealed: apiKey === undefined ? null : secrets.seal(apiKey, sealContext(rest.slug)),
    ingest_key_hash: apiKey === undefined ? null : hashKey(apiKey),
  };
}

/** A declaration as it may be shown: without its key, and its addresses without what they carry of secrets. */
export function shownDeclaration({
  apiKey: _,
  ...declaration
}: ProjectDeclaration): Omit<ProjectDeclaration, 'apiKey'> {
  return {
    ...maskPerformance(maskIdentity(declaration)),
    hubUrl: maskUrl(declaration.hubUrl),
    services: maskServices(declaration.slug, declaration.services),
  };
}

/** A version as an instance says it, fit for one column: PostgreSQL refuses NUL, people do not read a page. */
export const shownVersion = (said: string): string => said.replace(/\p{Cc}+/gu, ' ').slice(0, 128);

export const openApiKey = (row: Pick<ProjectRow, 'slug' | 'api_key_sealed'>, secrets: Secrets): string | undefined =>
  row.api_key_sealed === null ? undefined : secrets.open(row.api_key_sealed, sealContext(row.slug));

/** The declaration as JSON. Hubs before this one kept it in the open; `reseal` ends that. */
export const openDeclaration = (row: Pick<ProjectRow, 'slug' | 'declaration'>, secrets: Secrets): string =>
  isSealed(row.declaration) ? secrets.open(row.declaration, declarationContext(row.slug)) : row.declaration;

/** What has to be written so that the row is sealed with the key that is used now; undefined when it is. */
export function resealed(
  row: ProjectRow,
  secrets: Secrets,
): Pick<ProjectRow, 'declaration' | 'api_key_sealed'> | undefined {
  const { slug, declaration, api_key_sealed: key } = row;
  const good =
    isSealed(declaration) &&
    secrets.isCurrent(declaration, declarationContext(slug)) &&
    (key === null || secrets.isCurrent(key, sealContext(slug)));
  if (good) return undefined;
  return {
    declaration: secrets.seal(openDeclaration(row, secrets), declarationContext(slug)),
    api_key_sealed: key === null ? null : secrets.seal(secrets.open(key, sealContext(slug)), sealContext(slug)),
  };
}
