import { Slug } from '@orrery/protocol';
import { systemCaller } from './access/index.ts';
import type { Catalog } from './catalog/index.ts';
import type { Clock } from './platform/clock.ts';
import { HubError } from './platform/errors.ts';
import type { Log } from './platform/log.ts';

type Stranger = { meshNs: string; slug?: string; hubUrl?: string };
const AGAIN_MS = 60_000;

/**
 * Adds a project that announces itself over NATS and that nobody declared, where the operator wants that. Its namespace must be the one of its
 * slug, so that nobody takes a name whose place is another's; all else about it is asked of its own address, under the policy for addresses.
 */
export function meetStrangers(deps: { catalog: Pick<Catalog, 'add'>; log: Log; clock: Clock; discover(): boolean }) {
  const tried = new Map<string, number>();
  return ({ meshNs, slug, hubUrl }: Stranger): void => {
    if (!deps.discover() || slug === undefined || hubUrl === undefined) return;
    if (!Slug.safeParse(slug).success || meshNs !== `${slug}.mesh`) return;
    const now = deps.clock.monotonic();
    if (now - (tried.get(slug) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    // Strangers are few: more than a hundred are not told apart.
    tried.set(slug, now);
    deps.catalog
      .add(systemCaller('mesh'), { slug, hubUrl }, { dryRun: false, source: 'discovered' })
      .then(() => deps.log.info({ project: slug, hubUrl }, 'a project that announced itself was added'))
      .catch((error: unknown) => {
        if (error instanceof HubError && error.code === 'conflict') return;
        deps.log.warn({ err: error, project: slug }, 'a project that announced itself could not be added');
      });
  };
}
