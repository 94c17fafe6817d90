import type { EcosystemGraph } from '@orrery/protocol';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { parseExpression } from './expression.ts';
import type { Chosen } from './FilterMenu.tsx';
import { buildModel } from './model.ts';
import { scaleOf } from './overlays.ts';
import { usePlaces } from './usePlaces.ts';
import { viewOf } from './view.ts';

const route = getRouteApi('/desk/ecosystem');

const setOf = (text: string | undefined): ReadonlySet<string> => new Set(text?.split(',').filter(Boolean));
export const textOfSet = (values: ReadonlySet<string>) => [...values].join(',') || undefined;

/** The graph as the page's URL wants it: model, places, and what of it is on the map. */
export function useMapView(graph: EcosystemGraph | undefined) {
  const search = route.useSearch();
  const model = useMemo(() => graph && buildModel(graph), [graph]);
  const { places, move, again } = usePlaces(model);
  const chosen: Chosen = useMemo(
    () => ({
      status: setOf(search.status),
      domain: setOf(search.domain),
      team: setOf(search.team),
      tag: setOf(search.tag),
      kind: setOf(search.kind),
    }),
    [search.status, search.domain, search.team, search.tag, search.kind],
  );
  const opened = useMemo(() => setOf(search.open), [search.open]);
  const strength = Number(search.strength ?? 0);
  const view = useMemo(() => {
    if (!model) return undefined;
    const hide = search.hide ? parseExpression(search.hide) : undefined;
    return viewOf(model, places, {
      filters: {
        domains: chosen.domain,
        statuses: chosen.status,
        tags: chosen.tag,
        teams: chosen.team,
        kinds: chosen.kind,
        strength,
        hide: hide?.ok ? hide.test : undefined,
      },
      focus: search.focus
        ? {
            root: search.focus,
            depth: search.depth === 'all' ? Number.POSITIVE_INFINITY : Number(search.depth ?? 1),
            direction: search.dir ?? 'both',
            grown: search.grown?.split(',') ?? [],
          }
        : undefined,
      each: search.each === '1',
      opened,
    });
  }, [
    model,
    places,
    chosen,
    strength,
    opened,
    search.hide,
    search.focus,
    search.depth,
    search.dir,
    search.grown,
    search.each,
  ]);
  const found = useMemo(() => {
    if (!model || !view || !search.find) return undefined;
    const parsed = parseExpression(search.find);
    if (!parsed.ok) return undefined;
    return new Set(view.passing.filter((node) => parsed.test(node, model)).map(({ id }) => id));
  }, [model, view, search.find]);
  const scale = useMemo(() => scaleOf(model?.nodes.values() ?? []), [model]);
  return { search, model, view, places, move, again, chosen, opened, strength, found, scale };
}
