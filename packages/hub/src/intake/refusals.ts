export type Refusals = ReturnType<typeof createRefusals>;

/** Counts what was not taken in, by project and reason. Reasons are fixed words, so that the counters stay few. */
export function createRefusals() {
  const counts = new Map<string, Map<string, number>>();
  return {
    add(project: string, reason: string, count = 1): void {
      const reasons = counts.get(project) ?? new Map<string, number>();
      counts.set(project, reasons);
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    },
    addAll(project: string, refused: Readonly<Partial<Record<string, number>>>): void {
      for (const [reason, count] of Object.entries(refused)) if (count) this.add(project, reason, count);
    },
    /** Forgets projects that are gone. */
    keep(projects: ReadonlySet<string>): void {
      for (const project of counts.keys()) if (!projects.has(project)) counts.delete(project);
    },
    list(): { project: string; reason: string; count: number }[] {
      return [...counts].flatMap(([project, reasons]) =>
        [...reasons].map(([reason, count]) => ({ project, reason, count })),
      );
    },
  };
}
