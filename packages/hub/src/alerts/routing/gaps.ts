import type { ChannelDeclaration, ProjectDeclaration, RouteDeclaration } from '@orrery/protocol';
import { createChannelBook } from '../channelBook.ts';
import { route } from './route.ts';

type Declared = {
  projects: readonly ProjectDeclaration[];
  channels: readonly ChannelDeclaration[];
  routes: readonly RouteDeclaration[];
};

/** Pure: of which alerts nobody would hear by these declarations, in words: `critical alerts of veria`. Nothing when no channel is declared. */
export function gaps({ projects, channels, routes }: Declared): string[] {
  if (channels.length === 0) return [];
  const book = createChannelBook();
  book.replace(channels.map((declaration) => ({ declaration, ref: '' })));
  const table = { routes, channels: book.names(), refusal: book.refusal };
  return projects.flatMap((project) =>
    (['critical', 'warning'] as const).flatMap((severity) => {
      const subject = {
        project: project.slug,
        service: project.services[0]?.name ?? null,
        severity,
        category: 'availability' as const,
        title: '',
      };
      const { led, taken } = route(subject, project, table, 0);
      const meant = taken.some(({ route: { channels } }) => channels.length === 0);
      return led.length > 0 || meant ? [] : [`${severity} alerts of ${project.slug}`];
    }),
  );
}
