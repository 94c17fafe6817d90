import { Capabilities, Health, ProjectDeclaration, type ProjectInput } from '@orrery/protocol';
import { fieldErrors, HubError } from '../platform/errors.ts';
import { type Outbound, OutboundError } from '../platform/outbound.ts';
import { maskUrl } from '../platform/urls.ts';

export type Discovery = {
  declaration: ProjectDeclaration;
  capabilities: Capabilities | null;
  discovered: string[];
  warnings: string[];
};

type Asked = { status: number; json: unknown } | { failed: string };

async function ask(outbound: Outbound, url: string): Promise<Asked> {
  try {
    const answer = await outbound.request({
      url,
      timeoutMs: 5000,
      maxBytes: 256 * 1024,
      headers: { accept: 'application/json' },
    });
    let json: unknown;
    try {
      json = JSON.parse(answer.body.toString('utf8'));
    } catch {
      json = undefined;
    }
    return { status: answer.status, json };
  } catch (error) {
    if (error instanceof OutboundError) return { failed: error.message };
    throw error;
  }
}

const slugOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);

/**
 * Fills what a person left out of a declaration by asking the instance itself (`/api/capabilities`, then `/api/health`). An instance that
 * speaks neither is watched as a plain web address. Throws `unprocessable` when it cannot be reached and no slug was given to wait for it by.
 */
export async function discover(input: ProjectInput, outbound: Outbound): Promise<Discovery> {
  const base = input.hubUrl.replace(/\/+$/, '');
  const discovered: string[] = [];
  const warnings: string[] = [];
  const [manifest, health] = await Promise.all([
    ask(outbound, `${base}/api/capabilities`),
    ask(outbound, `${base}/api/health`),
  ]);
  if ('failed' in manifest && 'failed' in health) {
    if (input.slug === undefined)
      throw new HubError(
        'unprocessable',
        `hubUrl: ${maskUrl(base)} cannot be reached (${health.failed}). Start the instance, correct the URL, or give a slug to add it all the same.`,
        {
          fields: [{ field: 'body.hubUrl', reason: health.failed }],
        },
      );
    warnings.push(`${maskUrl(base)} cannot be reached now (${health.failed}); it is watched from here on.`);
  }
  const parsed = 'json' in manifest && manifest.status === 200 ? Capabilities.safeParse(manifest.json) : undefined;
  const capabilities = parsed?.success ? parsed.data : null;
  if (parsed && !parsed.success)
    warnings.push(
      // Below its own fields the names are the instance's words, which are not told.
      `/api/capabilities is not understood: ${parsed.error.issues.map((i) => `${String(i.path[0] ?? 'it')}: ${i.message}`).join('; ')}`.slice(
        0,
        500,
      ),
    );
  const speaksHealth =
    'json' in health &&
    (Health.safeParse(health.json).success || (health.status === 200 && typeof health.json === 'object'));
  if (capabilities) discovered.push(`capabilities of ${capabilities.project} ${capabilities.version}`);
  if (speaksHealth) discovered.push('/api/health');
  if (!capabilities && !speaksHealth && 'status' in health)
    warnings.push('Neither /api/capabilities nor /api/health is served; the address itself is watched.');

  const slug = input.slug ?? capabilities?.project ?? slugOf(new URL(base).hostname);
  const services = input.services?.length
    ? input.services
    : [
        {
          name: 'api',
          probes:
            capabilities || speaksHealth
              ? [{ kind: 'instance' as const, interval: '15s' }]
              : [{ kind: 'http' as const, url: base, interval: '15s' }],
        },
      ];
  const found = ProjectDeclaration.safeParse({
    ...input,
    hubUrl: base,
    slug,
    name: input.name ?? (capabilities?.name?.trim() || slug.charAt(0).toUpperCase() + slug.slice(1)),
    meshNs: input.meshNs ?? `${slug}.mesh`,
    services,
  });
  if (!found.success) {
    const fields = fieldErrors(found.error.issues, 'body');
    throw new HubError(
      'unprocessable',
      `What ${maskUrl(base)} says of itself makes no project (${fields.map((f) => `${f.field}: ${f.reason}`).join('; ')}). Give these fields yourself.`,
      { fields },
    );
  }
  return { declaration: found.data, capabilities, discovered, warnings };
}
