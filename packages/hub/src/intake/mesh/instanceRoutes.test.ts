import { expect, test } from 'vitest';
import { type Caller, systemCaller } from '../../access/index.ts';
import { instanceRoutes, type ProjectSpeaker } from './instanceRoutes.ts';

const speaker: Pick<ProjectSpeaker, 'project' | 'run'> = {
  project: () => ({ slug: 'veria' }),
  run: async (auditId) => ({ status: 200, body: JSON.stringify({ auditId }) }),
};
const keyOf = (slug: string): Caller => ({ ...systemCaller(slug), kind: 'project', projects: [slug] });
async function ask(caller: Caller): Promise<unknown> {
  const route = instanceRoutes(speaker as ProjectSpeaker).find(({ path }) => path === '/api/actions/{auditId}');
  const answer = await route?.handle({ caller, params: { auditId: 'run-1' } } as never);
  return (answer as Response).json();
}

test("what came of an action is told to the project's own key, and to no other that the hub knows", async () => {
  expect(await ask(keyOf('veria'))).toEqual({ auditId: 'run-1' });
  await expect(ask(keyOf('performia'))).rejects.toThrow('No action run has this id.');
});
