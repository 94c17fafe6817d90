import { IconFilter } from '@tabler/icons-react';
import { useEffect, useMemo, useRef } from 'react';
import classes from './FilterMenu.module.css';
import { domainOf, type Model } from './model.ts';

export const FACETS = ['status', 'domain', 'team', 'tag', 'kind'] as const;
export type Facet = (typeof FACETS)[number];
export type Chosen = Record<Facet, ReadonlySet<string>>;

const NAMES: Record<Facet, string> = {
  status: 'State',
  domain: 'Domain',
  team: 'Team',
  tag: 'Tag',
  kind: 'Kind of edge',
};

type Props = {
  model: Model;
  chosen: Chosen;
  strength: number;
  onChosen: (facet: Facet, values: ReadonlySet<string>) => void;
  onStrength: (strength: number) => void;
  onClear: () => void;
};

/** Everything the map can be narrowed by, with how many there are of each. */
export function FilterMenu({ model, chosen, strength, onChosen, onStrength, onClear }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  const options = useMemo(() => facetsOf(model), [model]);
  const active = FACETS.reduce((sum, facet) => sum + chosen[facet].size, 0) + (strength > 0 ? 1 : 0);
  useEffect(() => {
    const onDown = (event: Event) => {
      if (box.current?.open && !box.current.contains(event.target as Node)) box.current.open = false;
    };
    document.addEventListener('pointerdown', onDown);
    return () => document.removeEventListener('pointerdown', onDown);
  }, []);
  return (
    <details
      ref={box}
      className={classes.filters}
      data-tour="filters"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !box.current?.open) return;
        event.stopPropagation();
        box.current.open = false;
        box.current.querySelector('summary')?.focus();
      }}
    >
      <summary className={classes.summary}>
        <IconFilter size={14} aria-hidden="true" /> Filters
        {active > 0 && (
          <span className={classes.active}>
            {active}
            <span className="sr-only"> in force</span>
          </span>
        )}
      </summary>
      <div className={classes.panel}>
        {FACETS.map((facet) =>
          options[facet].length === 0 ? null : (
            <fieldset key={facet} className={classes.facet}>
              <legend>{NAMES[facet]}</legend>
              <div className={classes.options}>
                {options[facet].map(([value, count]) => (
                  <label key={value} className={classes.option}>
                    <input
                      type="checkbox"
                      checked={chosen[facet].has(value)}
                      onChange={(event) => {
                        const next = new Set(chosen[facet]);
                        if (event.currentTarget.checked) next.add(value);
                        else next.delete(value);
                        onChosen(facet, next);
                      }}
                    />
                    <span className={classes.value}>{value}</span>
                    <span className={classes.count}>{count}</span>
                  </label>
                ))}
              </div>
            </fieldset>
          ),
        )}
        <div className={classes.facet}>
          <label className={classes.strength}>
            <span>
              Edges from strength <output>{strength.toFixed(2)}</output>
            </span>
            <input
              type="range"
              min="0"
              max="1"
              step="0.05"
              value={strength}
              onChange={(event) => onStrength(Number(event.currentTarget.value))}
            />
          </label>
          <button type="button" className={classes.clear} disabled={active === 0} onClick={onClear}>
            Clear all
          </button>
        </div>
      </div>
    </details>
  );
}

function facetsOf(model: Model): Record<Facet, [value: string, count: number][]> {
  const counts = Object.fromEntries(FACETS.map((facet) => [facet, new Map<string, number>()])) as Record<
    Facet,
    Map<string, number>
  >;
  const add = (facet: Facet, value: string) => counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
  for (const node of model.nodes.values()) {
    add('status', node.status);
    add('domain', domainOf(node));
    for (const tag of node.tags) add('tag', tag);
    for (const team of node.teams ?? []) add('team', team);
  }
  for (const edge of model.edges.values()) add('kind', edge.kind);
  const sorted = (facet: Facet) =>
    [...counts[facet]].sort(([a, many], [b, more]) => more - many || a.localeCompare(b)).slice(0, 60);
  return Object.fromEntries(FACETS.map((facet) => [facet, sorted(facet)])) as Record<Facet, [string, number][]>;
}
