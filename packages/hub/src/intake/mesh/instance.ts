import { randomUUID } from 'node:crypto';
import { ActionRequest, type ActionRun, type Capabilities } from '@orrery/protocol';
import { verifyBody } from '@orrery/protocol/signing';
import { type Clock, iso } from '../../platform/clock.ts';
import { parseShallowJson } from '../../platform/json.ts';
import type { Log } from '../../platform/log.ts';
import { type Outbound, type OutboundAnswer, OutboundError } from '../../platform/outbound.ts';
import type { WatchedProject } from '../compile.ts';

const KEPT_RUNS = 100;
/** What the hub of a project does itself where the product cannot. */
const REFRESH = 'graph.refresh';

export type InstanceAnswer = { status: number; body: string };

type InstanceDeps = {
  clock: Clock;
  log: Log;
  outbound: Pick<Outbound, 'request'>;
  project(): WatchedProject;
  /** What the project's requests are signed with; none when nothing can be checked. */
  signingKeys(slug: string): readonly string[];
  apiKeyOf(slug: string): Promise<string | undefined>;
  capabilities(slug: string): Promise<Pick<Capabilities, 'actions' | 'endpoints'> | null>;
  version: string;
  /** Is told of each request that was not taken, by a fixed word. */
  onRefused(slug: string, why: string): void;
  /** Tells the meta hub everything now. */
  announce(): Promise<unknown>;
};

/**
 * The hub of one project in the part of its instance: the meta hub sees one address. What it asks is checked here and handed to the product as
 * it came, so that the product checks it too.
 */
export function createInstanceDoor(deps: InstanceDeps) {
  const { clock, log, outbound } = deps;
  const runs = new Map<string, ActionRun>();
  const runOfRequest = new Map<string, string>();

  const urlOf = (project: WatchedProject, path: string) => project.hubUrl.replace(/\/+$/, '') + path;

  /** Asks the product; undefined when it does not answer. */
  async function ask(request: { url: string; method?: string; headers: Record<string, string>; body?: string }) {
    try {
      return await outbound.request({ ...request, timeoutMs: 2000, maxBytes: 1024 * 1024 });
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      log.warn({ err: error, url: request.url }, 'the product does not answer');
      return undefined;
    }
  }
  const shown = ({ status, body }: OutboundAnswer): InstanceAnswer => ({ status, body: body.toString('utf8') });

  async function actionsPath(slug: string): Promise<string> {
    const named = (await deps.capabilities(slug))?.endpoints.actions;
    return named && /^\/(?!\/)[\x21-\x7e]*$/.test(named) ? named.replace(/\/+$/, '') : '/api/actions';
  }

  /** The hub's own run of a refresh: the same for every delivery of one request. */
  function refresh(webhookId: string): InstanceAnswer {
    const known = runOfRequest.get(webhookId);
    if (known !== undefined) return accepted(known);
    const auditId = randomUUID();
    const run: ActionRun = { auditId, action: REFRESH, status: 'running', startedAt: iso(clock.now()) };
    runs.set(auditId, run);
    runOfRequest.set(webhookId, auditId);
    for (const map of [runs, runOfRequest]) if (map.size > KEPT_RUNS) map.delete(map.keys().next().value as string);
    deps.announce().then(
      (result) => runs.set(auditId, { ...run, status: 'succeeded', finishedAt: iso(clock.now()), result }),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        runs.set(auditId, { ...run, status: 'failed', finishedAt: iso(clock.now()), result: { error: reason } });
      },
    );
    return accepted(auditId);
  }

  return {
    /** Answers a signed request of the meta hub, whatever carried it. */
    async asked(headers: Headers, body: string): Promise<InstanceAnswer> {
      const project = deps.project();
      const verified = verifyBody(deps.signingKeys(project.slug), headers, body, new Date(clock.now()));
      if (!verified.ok) {
        deps.onRefused(project.slug, 'action_signature');
        log.warn({ reason: verified.reason }, 'a request to this project was refused');
        return problem(401, 'Unauthorized');
      }
      const request = ActionRequest.safeParse(parseShallowJson(body));
      if (!request.success) {
        deps.onRefused(project.slug, 'action_shape');
        return problem(400, 'invalid');
      }
      const kept = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
      const answer = await ask({
        url: urlOf(project, await actionsPath(project.slug)),
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...Object.fromEntries(kept.map((name) => [name, headers.get(name) ?? ''])),
        },
        body,
      });
      const taken = answer !== undefined && answer.status < 300;
      if (request.data.action === REFRESH && !taken) return refresh(verified.id);
      if (request.data.action === REFRESH)
        // What the product now tells this hub goes on to the meta hub.
        void deps.announce().catch((error: unknown) => log.warn({ err: error }, 'the meta hub was not told'));
      return answer ? shown(answer) : problem(503, 'the product does not answer');
    },

    async run(auditId: string): Promise<InstanceAnswer> {
      const own = runs.get(auditId);
      if (own) return { status: 200, body: JSON.stringify(own) };
      const project = deps.project();
      const key = await deps.apiKeyOf(project.slug);
      const answer = await ask({
        url: `${urlOf(project, await actionsPath(project.slug))}/${encodeURIComponent(auditId)}`,
        headers: { accept: 'application/json', ...(key === undefined ? {} : { 'x-api-key': key }) },
      });
      return answer ? shown(answer) : problem(503, 'the product does not answer');
    },

    /** What this hub can be asked for: what its product can, and a refresh. */
    async manifest(): Promise<Capabilities> {
      const project = deps.project();
      const own = await deps.capabilities(project.slug);
      return {
        project: project.slug,
        tools: ['orrery'],
        endpoints: { health: '/api/health', actions: '/api/actions' },
        events: ['hub.presence', 'hub.health', 'graph.summary.nodes', 'audit.summary.status'],
        actions: [...new Set([...(own?.actions ?? []), REFRESH])],
        version: deps.version,
      };
    },
  };
}

const accepted = (auditId: string): InstanceAnswer => ({
  status: 202,
  body: JSON.stringify({ auditId, accepted: true }),
});
const problem = (status: number, error: string): InstanceAnswer => ({
  status,
  body: JSON.stringify({ status, error }),
});
