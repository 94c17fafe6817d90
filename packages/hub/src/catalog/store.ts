import { createHash } from 'node:crypto';
import { ProjectDeclaration } from '@orrery/protocol';
import { maskServices } from '../config/index.ts';
import type { Secrets } from '../platform/secrets.ts';
import { maskUrl } from '../platform/urls.ts';
import type { ProjectRow } from './tables.ts';

/** A project as the other rooms see it: its declaration, and where that stands. The key is read by `apiKeyOf` only. */
export type StoredProject = Omit<ProjectDeclaration, 'apiKey'> & {
  declaredIn: { source: 'file' | 'api' | 'discovered'; ref?: string };
  lastSeenAt: number | null;
};

export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');
const sealContext = (slug: string) => `project-key:${slug}`;

export function toStored(row: ProjectRow): StoredProject {
  const { apiKey: _, ...declaration } = ProjectDeclaration.parse(JSON.parse(row.declaration));
  return {
    ...declaration,
    declaredIn: { source: row.declared_source, ...(row.declared_ref === null ? {} : { ref: row.declared_ref }) },
    lastSeenAt: row.last_seen_at,
  };
}

/** The columns of a declaration: the key sealed and hashed, never in the JSON. */
export function toRow(declaration: ProjectDeclaration, secrets: Secrets) {
  const { apiKey, ...rest } = declaration;
  return {
    slug: rest.slug,
    name: rest.name,
    tenant: rest.tenant ?? null,
    declaration: JSON.stringify(rest),
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
    ...declaration,
    hubUrl: maskUrl(declaration.hubUrl),
    services: maskServices(declaration.slug, declaration.services),
  };
}

/** A version as an instance says it, fit for one column: PostgreSQL refuses NUL, people do not read a page. */
export const shownVersion = (said: string): string => said.replace(/\p{Cc}+/gu, ' ').slice(0, 128);

export const openApiKey = (row: Pick<ProjectRow, 'slug' | 'api_key_sealed'>, secrets: Secrets): string | undefined =>
  row.api_key_sealed === null ? undefined : secrets.open(row.api_key_sealed, sealContext(row.slug));
