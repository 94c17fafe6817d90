import { ConfigStatus, type ProjectDeclaration } from '@orrery/protocol';
import { authorizeWhole, type Caller } from '../access/index.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { exportYaml } from './export.ts';
import type { ConfigWatch } from './watch.ts';

/** `projects`: every declared project, those added elsewhere than in the file included. */
export function configRoutes(
  watch: ConfigWatch,
  projects: () => Promise<readonly { declaration: ProjectDeclaration }[]>,
): Route<Caller>[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/config/status',
      auth: 'ops:view of all',
      summary: 'What the hub runs on, and every mistake in a refused newer version',
      tag: 'config',
      response: ConfigStatus,
      handle: async ({ caller }) => {
        authorizeWhole(caller, 'ops:view');
        return watch.status();
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/config/export',
      auth: 'configure of all',
      summary: 'Everything declared, as one orrery.yaml with secrets masked',
      tag: 'config',
      produces: 'text/yaml',
      handle: async ({ caller }) => {
        authorizeWhole(caller, 'configure');
        return new Response(exportYaml({ ...watch.current(), projects: await projects() }), {
          headers: { 'content-type': 'text/yaml; charset=utf-8' },
        });
      },
    }),
  ];
}
