import { gaps } from '../../alerts/index.ts';
import type { Check } from './types.ts';

const SHOWN = 5;

/** Every alert of a project of the file leads to somebody. */
export const routes: Check = ({ config: { file } }) => {
  const name = 'routes';
  const declared = {
    projects: file.projects.map(({ declaration }) => declaration),
    channels: file.channels.map(({ declaration }) => declaration),
    routes: file.routes.map(({ declaration }) => declaration),
  };
  if (declared.projects.length === 0) return [];
  if (declared.channels.length === 0)
    return [
      {
        name,
        status: 'warn',
        detail: 'no channel is declared: nobody is told of anything',
        fix: 'declare one under `channels:`',
      },
    ];
  const found = gaps(declared);
  if (found.length === 0) return [{ name, status: 'ok', detail: 'every alert leads to somebody' }];
  const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : '';
  return [
    {
      name,
      status: 'warn',
      detail: `nobody is told of ${found.slice(0, SHOWN).join(', ')}${more}`,
      fix:
        declared.routes.length === 0
          ? 'declare a channel that takes them'
          : 'declare a last route without `match`; one with `channels: []` says that it is meant so',
    },
  ];
};
