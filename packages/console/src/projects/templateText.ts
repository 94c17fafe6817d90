/** The longest run of a template's own words: what a search for its lines looks for. */
export function literalOf(template: string): string {
  const runs = template.split('<*>').map((run) => run.trim());
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '').slice(0, 200);
}
