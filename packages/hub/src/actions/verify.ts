import type { FedVerification, ProjectDetail } from '@orrery/protocol';
import { signBody } from '@orrery/protocol/signing';
import { authorize, type Caller } from '../access/index.ts';
import { HubError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { OutboundError } from '../platform/outbound.ts';
import type { ActionContext, ActionTarget } from './context.ts';
import { actionsUrl, signingKeys } from './send.ts';

type Result = FedVerification['results'][number];
type Signature = Result['signature'];

/** What no instance has: one that knows the signature answers that there is no such action, and does nothing. */
const NO_ACTION = 'orrery.verify';
const TIMEOUT_MS = 5000;
const AT_ONCE = 16;

/** Asks every endpoint of projects now, and whether their instances tell the hub's signature from another. */
export async function verify(
  context: ActionContext & {
    verifyEndpoints(slug: string): Promise<void>;
    detail(caller: Caller, slug: string): Promise<ProjectDetail>;
    visible(caller: Caller): Promise<readonly string[]>;
  },
  caller: Caller,
  projects: readonly string[] | undefined,
): Promise<FedVerification> {
  authorize(caller, 'actions:run');
  const known = await context.visible(caller);
  for (const slug of projects ?? [])
    if (!known.includes(slug)) throw new HubError('not_found', `No project "${slug}".`);
  const wanted = [...new Set(projects ?? known)];
  const targets = new Map((await context.targets()).map((target) => [target.slug, target]));
  const results = new Array<Result>(wanted.length);
  const queue = wanted.entries();
  const worker = async () => {
    // Workers share the one iterator: each takes the next project.
    for (const [i, slug] of queue) results[i] = await verifyOne(slug);
  };
  async function verifyOne(slug: string): Promise<Result> {
    const target = targets.get(slug);
    const [signature] = await Promise.all([
      target ? roundTrip(context, target) : ({ status: 'failed', reason: 'the project is gone' } as const),
      context.verifyEndpoints(slug),
    ]);
    const { status, endpoints, capabilities } = await context.detail(caller, slug);
    return { project: slug, status, endpoints, capabilities, signature };
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { results };
}

/** One request that the instance must know as the hub's, and one that it must not. */
async function roundTrip(context: ActionContext, target: ActionTarget): Promise<Signature> {
  const keys = signingKeys(context.meshKeys, target.slug);
  if (keys.length === 0) return { status: 'unchecked', reason: 'MESH_HMAC_KEY is not set' };
  const body = JSON.stringify({
    action: NO_ACTION,
    requestedBy: 'orrery',
    requestId: newId('vrf', context.clock.now()),
  });
  const started = context.clock.monotonic();
  const good = await ask(keys);
  if (typeof good !== 'number') return { status: 'failed', reason: good.reason };
  const latencyMs = Math.round(context.clock.monotonic() - started);
  const forged = await ask(['not-a-key-of-this-hub-nor-of-any']);
  if (typeof forged !== 'number') return { status: 'failed', reason: forged.reason };
  return { ...judgeSignature(good, forged), latencyMs };

  async function ask(secrets: readonly string[]): Promise<number | { reason: string }> {
    const { now } = context.clock;
    const headers = {
      ...signBody(secrets, newId('vrf', now()), new Date(now()), body),
      'content-type': 'application/json',
    };
    try {
      const answer = await context.outbound.request({
        ...{ url: actionsUrl(target), as: target.slug, method: 'POST', headers, body },
        ...{ timeoutMs: TIMEOUT_MS, maxBytes: 64 * 1024, oversize: 'truncate' },
      });
      return answer.status;
    } catch (error) {
      if (error instanceof OutboundError) return { reason: error.message };
      throw error;
    }
  }
}

const refused = (status: number) => status === 401 || status === 403;

/** Pure: what two answers say of how an instance checks signatures: to a request that is signed, and to one that is forged. */
export function judgeSignature(good: number, forged: number): Omit<Signature, 'latencyMs'> {
  if (refused(good))
    return {
      status: 'refused',
      reason: `it refused the hub's own signature (${good}): it may have another MESH_HMAC_KEY`,
    };
  if (refused(forged)) {
    if (good < 500) return { status: 'ok' };
    return { status: 'failed', reason: `it answered ${good} to a signed request` };
  }
  if (forged === 404 || forged === 405) return { status: 'none', reason: `it serves no actions (${forged})` };
  if (forged < 300) return { status: 'open', reason: `it took a request with a forged signature (${forged})` };
  return { status: 'failed', reason: `it answered ${good} to a signed request and ${forged} to a forged one` };
}
