import { MaintenanceDeclaration } from '@orrery/protocol';
import type { Db } from '../../platform/db.ts';
import { matches, type ProjectWords } from '../routing/match.ts';
import type { MaintenanceRow, RoutingTables } from '../routing/tables.ts';
import { type Windows, windowsOf } from '../routing/windows.ts';

/** Maintenance and where it was declared: `orrery.yaml:31`. */
export type DeclaredMaintenance = { declaration: MaintenanceDeclaration; ref: string };
export type Maintenance = DeclaredMaintenance & {
  windows: Windows;
  /** Who declared it through the API; undefined for that of the file. */
  createdBy?: string;
  covers(project: string, service: string | null, words: ProjectWords): boolean;
};

/** All declared maintenance: that of the file, and that of the API as it was read last. */
export type MaintenanceBook = ReturnType<typeof createMaintenanceBook>;

export function createMaintenanceBook() {
  let ofFile: readonly Maintenance[] = [];
  let stored = new Map<string, { text: string; entry: Maintenance }>();

  const all = (): Maintenance[] => {
    const names = new Set(ofFile.map(({ declaration }) => declaration.name));
    const others = [...stored.values()].map(({ entry }) => entry);
    // A name that the file took up later is the file's.
    return [...ofFile, ...others.filter(({ declaration }) => !names.has(declaration.name))];
  };

  return {
    replaceFile(declared: readonly DeclaredMaintenance[]): void {
      ofFile = declared.map(({ declaration, ref }) => toMaintenance(declaration, ref));
    },
    /** Takes up what the API has declared, on this hub or another. */
    async refresh(db: Db): Promise<void> {
      const rows = await db.withTables<RoutingTables>().selectFrom('maintenance').selectAll().execute();
      stored = new Map(
        rows.map((row) => {
          const known = stored.get(row.name);
          return [row.name, known?.text === row.declaration ? known : { text: row.declaration, entry: ofRow(row) }];
        }),
      );
    },
    all,
    ofFile: (name: string): boolean => ofFile.some(({ declaration }) => declaration.name === name),
    active: (now: number): Maintenance[] => all().filter(({ windows }) => windows.at(now).active),
  };
}

export const ofRow = (row: MaintenanceRow): Maintenance => ({
  ...toMaintenance(MaintenanceDeclaration.parse(JSON.parse(row.declaration)), 'the API'),
  createdBy: row.created_by,
});

function toMaintenance(declaration: MaintenanceDeclaration, ref: string): Maintenance {
  const { match } = declaration;
  return {
    declaration,
    ref,
    windows: windowsOf(declaration),
    covers: (project, service, words) =>
      matches(match, { project, service, severity: 'info', category: 'availability', title: '' }, words),
  };
}
