export type ProjectRow = {
  slug: string;
  name: string;
  tenant: string | null;
  /** ProjectDeclaration as JSON, without its apiKey. */
  declaration: string;
  api_key_sealed: string | null;
  ingest_key_hash: string | null;
  declared_source: 'file' | 'api' | 'discovered';
  declared_ref: string | null;
  first_seen_at: number | null;
  last_seen_at: number | null;
  version: string | null;
  capabilities: string | null;
  created_at: number;
  updated_at: number;
};

export type EndpointRow = {
  project: string;
  name: string;
  url: string;
  auth_kind: 'none' | 'api-key' | 'signature';
  status: 'ok' | 'error' | 'unverified';
  latency_ms: number | null;
  reason: string | null;
  last_verified_at: number | null;
};

export type EdgeRow = {
  from_project: string;
  to_project: string;
  kind: string;
  source: 'hint' | 'learned';
  /** As of `proof_at`. */
  strength: number;
  first_at: number;
  proof_at: number;
  reports: number;
  /** Calls an hour, of one that was learned. */
  calls: number | null;
  proof: string | null;
};

export type CatalogTables = { projects: ProjectRow; endpoints: EndpointRow; edges: EdgeRow };
