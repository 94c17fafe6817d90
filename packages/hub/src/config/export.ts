import {
  type ChannelDeclaration,
  formatDuration,
  type MaintenanceDeclaration,
  type ProjectDeclaration,
  type RouteDeclaration,
  type RuleDeclaration,
} from '@orrery/protocol';
import { stringify } from 'yaml';
import { maskUrl } from '../platform/urls.ts';
import type { FileConfig } from './file.ts';
import { maskAiProvider, maskChannel, maskOidc, maskProject } from './mask.ts';

type Declarations = {
  rules: readonly { declaration: RuleDeclaration }[];
  routes: readonly { declaration: RouteDeclaration }[];
  maintenance: readonly { declaration: MaintenanceDeclaration }[];
  projects: readonly { declaration: ProjectDeclaration }[];
  channels: readonly { declaration: ChannelDeclaration }[];
};

/** A whole orrery.yaml that declares what is running; secrets stand as `${NAME}` references. */
export function exportYaml(
  file: Pick<
    FileConfig,
    'ai' | 'network' | 'retention' | 'freshness' | 'edges' | 'mesh' | 'oidc' | 'repair' | 'agents' | 'diagnosis'
  > &
    Declarations,
): string {
  const document = {
    projects: file.projects.map(({ declaration }) => compact(maskProject(declaration))),
    channels: file.channels.map(({ declaration }) => compact(maskChannel(declaration))),
    routes: file.routes.map(({ declaration }) => compact(declaration)),
    maintenance: file.maintenance.map(({ declaration }) => compact(declaration)),
    rules: file.rules.map(({ declaration }) => compact(declaration)),
    ...(file.oidc === undefined ? {} : { access: { oidc: maskOidc(file.oidc.declaration) } }),
    ai: aiOf(file.ai),
    network: file.network,
    retention: Object.fromEntries(Object.entries(file.retention).map(([name, ms]) => [name, formatDuration(ms)])),
    freshness: { offlineAfter: formatDuration(file.freshness.offlineAfterMs) },
    repair: file.repair,
    agents: file.agents,
    diagnosis: file.diagnosis,
    edges: { halfLife: formatDuration(file.edges.halfLifeMs) },
    mesh: compact({
      discover: file.mesh.discover,
      project: file.mesh.project,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference is what it shall be.
      meta: file.mesh.meta && { url: maskUrl(file.mesh.meta.url), key: '${ORRERY_META_HUB_KEY}' },
      every: formatDuration(file.mesh.everyMs),
    }),
  };
  return stringify(document, { lineWidth: 0 });
}

function aiOf({ providers, splits, fallback, hedgeAfterMs }: FileConfig['ai']): object {
  return compact({
    providers: providers.map(({ declaration }) => compact(maskAiProvider(declaration))),
    splits,
    fallback,
    hedgeAfter: hedgeAfterMs === undefined ? undefined : formatDuration(hedgeAfterMs),
  });
}

/** Without what says nothing: absent values and empty lists. */
function compact(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined && !(Array.isArray(inner) && inner.length === 0)),
  );
}
