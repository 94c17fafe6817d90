import { basename } from 'node:path';
import { type Access, audit, systemCaller } from './access/index.ts';
import {
  type Config,
  ConfigError,
  declarationChanges,
  declarationsDigest,
  declarationsOf,
  type FileConfig,
  NO_ADMINISTRATOR,
} from './config/index.ts';
import type { Clock } from './platform/clock.ts';
import type { Db } from './platform/db.ts';

const NAMED = ['projects', 'channels', 'rules', 'routes', 'maintenance', 'statusPages'] as const;

/** Puts on record what a file declares: at a start when that is not what the hub ran on before, and at each change what differs. */
export function createConfigRecord({ db, clock, access }: { db: Db; clock: Clock; access: Access }) {
  const caller = systemCaller('configuration');
  const target = (file: FileConfig) => (file.path === null ? 'no file' : basename(file.path));
  return {
    async loaded(file: FileConfig): Promise<void> {
      const shown = declarationsOf(file);
      const digest = declarationsDigest(shown);
      const { items } = await access.trail.list(caller, { verb: 'config', limit: 1 });
      if ((items[0]?.after as { digest?: string } | null | undefined)?.digest === digest) return;
      const names = Object.fromEntries(NAMED.map((section) => [section, Object.keys(shown[section] ?? {})]));
      await audit(db, {
        caller,
        verb: 'config.load',
        target: target(file),
        after: { ...names, digest },
        at: clock.now(),
      });
    },
    async applied(before: FileConfig, after: FileConfig): Promise<void> {
      const now = declarationsOf(after);
      const changes = declarationChanges(declarationsOf(before), now);
      if (!changes) return;
      await audit(db, {
        caller,
        verb: 'config.apply',
        target: target(after),
        before: changes.before,
        after: { ...changes.after, digest: declarationsDigest(now) },
        at: clock.now(),
      });
    },
  };
}

/** A hub that others can reach does not start as long as nobody could sign in to it: whoever found the first link would own it. */
export async function demandAdministrator(config: Config, access: Pick<Access, 'setupNeeded'>): Promise<void> {
  if (config.exposed && (await access.setupNeeded())) throw new ConfigError([NO_ADMINISTRATOR]);
}
