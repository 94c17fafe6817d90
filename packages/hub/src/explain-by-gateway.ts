import { type Access, systemCaller } from './access/index.ts';
import type { openGateway } from './ai/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { AskModel } from './diagnosis/index.ts';

const DIAGNOSIS = systemCaller('diagnosis');

type Rooms = {
  gateway: Pick<ReturnType<typeof openGateway>, 'ask'>;
  catalog: Pick<Catalog, 'tenantOf'>;
  tenants: Pick<Access['tenants'], 'get'>;
};

/**
 * Lets diagnosis ask a model by the hub's own gateway: with its budgets, guardrails and ledger, as the tenant whose incident it is when it is
 * one's alone. What a tenant without AI has to do with reaches no model.
 */
export const askByGateway =
  ({ gateway, catalog, tenants }: Rooms): AskModel =>
  async ({ projects, ...question }, signal) => {
    const owners = new Set(await Promise.all(projects.map((project) => catalog.tenantOf(project))));
    for (const id of owners)
      if (id !== null && (await tenants.get(DIAGNOSIS, id)).features.includes('no-ai'))
        return { kind: 'refused', reason: `AI is switched off for the tenant ${id}` };
    const [only] = owners;
    const [project] = projects;
    const answer = await gateway.ask(
      {
        ...question,
        ...{ caller: DIAGNOSIS, intent: 'diagnose', tenant: owners.size === 1 && only !== undefined ? only : null },
        ...(project !== undefined && projects.length === 1 ? { project } : {}),
      },
      signal,
    );
    return { kind: 'answered', ...answer };
  };
