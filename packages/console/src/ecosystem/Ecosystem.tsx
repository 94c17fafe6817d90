import { Button } from '@mantine/core';
import {
  IconArrowsMaximize,
  IconHelp,
  IconMinus,
  IconPlus,
  IconRouteAltLeft,
  IconTable,
  IconTopologyStar3,
} from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Page } from '../desk/Page.tsx';
import { plural } from '../ui/format.ts';
import { useKeys } from '../ui/keys.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Segments } from '../ui/Segments.tsx';
import { readSort, writeSort } from '../ui/search.ts';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Ecosystem.module.css';
import type { MapHandle } from './GraphMap.tsx';
import { Legend } from './Legend.tsx';
import { nameOf } from './model.ts';
import type { Go } from './panel.tsx';
import { CARD, FIT } from './settle.ts';
import { useGraph } from './useGraph.ts';
import { textOfSet, useMapView } from './useMapView.ts';
import { MANY, TOO_MANY } from './view.ts';

/** On its way while the data is: the page needs both. Not by Suspense, which holds back for 300 ms what comes right after something else. */
const map = import('./GraphMap.tsx');
const FirstProject = lazy(() =>
  import('../overview/FirstProject.tsx').then((part) => ({ default: part.FirstProject })),
);
const GraphTable = lazy(() => import('./GraphTable.tsx').then((part) => ({ default: part.GraphTable })));
const Summary = lazy(() => import('./Summary.tsx').then((part) => ({ default: part.Summary })));
const NodePanel = lazy(() => import('./Chosen.tsx').then((part) => ({ default: part.NodePanel })));
const EdgePanel = lazy(() => import('./Chosen.tsx').then((part) => ({ default: part.EdgePanel })));
const Pacer = lazy(() => import('./Replay.tsx').then((part) => ({ default: part.Pacer })));
const Replay = lazy(() => import('./Replay.tsx').then((part) => ({ default: part.Replay })));
const Toolbar = lazy(() => import('./Toolbar.tsx').then((part) => ({ default: part.Toolbar })));
const Tour = lazy(() => import('./Tour.tsx').then((part) => ({ default: part.Tour })));
const route = getRouteApi('/desk/ecosystem');
const TOURED = 'orrery-ecosystem-toured';

export default function Ecosystem() {
  const { when, every } = route.useSearch();
  const { query, graph, isLate } = useGraph(when, every);
  const { search, model, view, places, move, again, chosen, opened, strength, found, scale } = useMapView(graph);
  const put = usePutSearch();
  const handle = useRef<MapHandle>(undefined);
  const [tour, setTour] = useState(false);
  const GraphMap = useMap();
  const overlay = search.overlay ?? 'risk';

  const go: Go = useMemo(
    () => ({
      select: (slug) => put({ sel: slug, edge: undefined }),
      selectEdge: (id) => put({ edge: id, ...(id ? { sel: undefined } : {}) }),
      focus: (slug) => put({ focus: slug, sel: slug, edge: undefined, grown: undefined, at: undefined }, 'step'),
    }),
    [put],
  );
  const fly = useCallback(
    (slug: string) => {
      const place = places.get(slug);
      if (!place || !handle.current) return;
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      const zoom = Math.max(0.9, handle.current.getZoom());
      void handle.current.setCenter(place.x + CARD.width / 2, place.y + CARD.height / 2, {
        zoom,
        duration: calm ? 0 : 300,
      });
    },
    [places],
  );
  const flown = useRef(-1);
  const flyToNext = () => {
    const list = [...(found ?? [])];
    if (list.length === 0) return;
    flown.current = (flown.current + 1) % list.length;
    const slug = list[flown.current];
    if (slug === undefined) return;
    const node = model?.nodes.get(slug);
    // Within a domain that is drawn as one it could not be seen.
    const domain = node && view?.groups.find((group) => group.members.includes(node))?.domain;
    put({ sel: slug, edge: undefined, ...(domain ? { open: textOfSet(new Set([...opened, domain])) } : {}) });
    fly(slug);
  };
  // Reached from the table, by a link or in the panel: what was chosen comes into sight.
  const shown = useRef<string>(undefined);
  const { sel } = search;
  const onReady = useCallback(
    (ready: MapHandle) => {
      handle.current = ready;
      if (shown.current && places.has(shown.current)) fly(shown.current);
      shown.current = undefined;
    },
    [fly, places],
  );
  useKeys({
    Escape: () => {
      if (search.edge || sel) put({ edge: undefined, sel: undefined });
      else if (search.focus)
        put({ focus: undefined, depth: undefined, dir: undefined, grown: undefined, at: undefined }, 'step');
    },
    f: () => document.querySelector<HTMLInputElement>('[data-tour="find"] input')?.focus(),
    v: () => put({ as: search.as ? undefined : 'projects' }),
    '0': () => void handle.current?.fitView(FIT),
  });

  const onShow = useCallback(
    (part: { sel?: string; edge?: string }) => {
      shown.current = part.sel;
      put({ as: undefined, sel: part.sel, edge: part.edge, at: undefined }, 'step');
    },
    [put],
  );
  const onOpenGroup = useCallback(
    (domain: string) => put({ open: textOfSet(new Set([...opened, domain])) }),
    [put, opened],
  );
  const onGrow = useCallback(
    (slug: string) => put({ grown: textOfSet(new Set([...(search.grown?.split(',') ?? []), slug])) }, 'step'),
    [put, search.grown],
  );
  const onWhen = useCallback((moment: string) => put({ when: moment }), [put]);
  const onLive = useCallback(() => put({ when: undefined }, 'step'), [put]);
  const viewport = useStartViewport(search.at);
  const onViewport = useDebounced((at: { x: number; y: number; zoom: number }) =>
    put({ at: `${at.x.toFixed(0)},${at.y.toFixed(0)},${at.zoom.toFixed(3)}` }),
  );
  const node = sel ? model?.nodes.get(sel) : undefined;
  const edge = search.edge ? model?.edges.get(search.edge) : undefined;
  const focused = search.focus ? model?.nodes.get(search.focus) : undefined;

  return (
    <Page
      title="Ecosystem"
      note={graph && `${plural(graph.nodes.length, 'project')} · ${plural(graph.edges.length, 'edge')}`}
    >
      {when !== undefined && (
        <Suspense>
          <Replay
            when={when}
            isLate={isLate}
            silent={graph?.nodes.filter(({ lastSeenAt }) => lastSeenAt === null).length ?? 0}
            onWhen={onWhen}
            onLive={onLive}
          />
        </Suspense>
      )}
      <QueryNote query={query} what="the map" />
      {!graph && query.isPending && <Waiting rows={12} what="the map" />}
      {graph?.nodes.length === 0 && when !== undefined && <p>There was no project yet of those that there are now.</p>}
      {graph?.nodes.length === 0 && when === undefined && (
        <Suspense>
          <FirstProject />
        </Suspense>
      )}
      {graph && graph.nodes.length > 0 && model && view && (
        <>
          <div className={classes.tools}>
            <Suspense fallback={<div className={classes.toolsWait} />}>
              <Toolbar
                {...{ model, search, chosen, strength, found, put }}
                onFly={flyToNext}
                onFind={() => {
                  flown.current = -1;
                }}
              />
            </Suspense>
            {when === undefined && (
              <Suspense>
                <Pacer
                  pace={every}
                  onPace={(next) => put({ every: next })}
                  onReplay={(moment) => put({ when: moment }, 'step')}
                />
              </Suspense>
            )}
            <div data-tour="table">
              <Button
                leftSection={search.as ? <IconTopologyStar3 size={14} /> : <IconTable size={14} />}
                onClick={() => put({ as: search.as ? undefined : 'projects', sort: undefined })}
              >
                {search.as ? 'Map' : 'Table'}
              </Button>
            </div>
            <Button leftSection={<IconHelp size={14} />} onClick={() => setTour(true)}>
              Tour
            </Button>
          </div>
          {search.as ? (
            <Suspense fallback={<Waiting rows={12} what="the table" />}>
              <GraphTable
                model={model}
                view={view}
                strength={strength}
                found={found}
                which={search.as}
                sort={readSort(search.sort)}
                onWhich={(which) => put({ as: which, sort: undefined })}
                onSort={(sort) => put({ sort: writeSort(sort) })}
                onShow={onShow}
              />
            </Suspense>
          ) : (
            <div className={classes.stage}>
              <div className={classes.mapBox} data-tour="map">
                {GraphMap && (
                  <GraphMap
                    model={model}
                    view={view}
                    places={places}
                    overlay={overlay}
                    scale={scale}
                    selected={node?.id}
                    selectedEdge={edge?.id}
                    found={found}
                    viewport={viewport}
                    fitKey={`${search.focus ?? ''} ${search.depth ?? ''} ${search.dir ?? ''} ${search.grown ?? ''}`}
                    onViewport={onViewport}
                    onSelect={go.select}
                    onSelectEdge={go.selectEdge}
                    onFocus={go.focus}
                    onOpenGroup={onOpenGroup}
                    onGrow={onGrow}
                    onMoved={move}
                    onReady={onReady}
                  />
                )}
                <div className={classes.bars}>
                  {search.focus && (
                    <div className={classes.bar} role="status">
                      <span>
                        Focused on <strong>{focused ? nameOf(focused) : `${search.focus}, which is not there`}</strong>
                      </span>
                      <Segments
                        label="Depth"
                        value={search.depth ?? '1'}
                        onChange={(depth) => put({ depth, at: undefined })}
                        options={[
                          { value: '1', label: '1', more: ' step' },
                          { value: '2', label: '2', more: ' steps' },
                          { value: '3', label: '3', more: ' steps' },
                          { value: 'all', label: 'All', more: ' steps' },
                        ]}
                      />
                      <Segments
                        label="Direction"
                        value={search.dir ?? 'both'}
                        onChange={(dir) => put({ dir, at: undefined })}
                        options={[
                          { value: 'needs', label: 'Needs' },
                          { value: 'both', label: 'Both' },
                          { value: 'neededBy', label: 'Needed by' },
                        ]}
                      />
                      <Button
                        size="compact-xs"
                        onClick={() =>
                          put(
                            { focus: undefined, depth: undefined, dir: undefined, grown: undefined, at: undefined },
                            'step',
                          )
                        }
                      >
                        Show all
                      </Button>
                    </div>
                  )}
                  {(view.grouped || (search.each && view.passing.length > MANY)) && (
                    <div className={classes.bar} role="status">
                      {view.grouped ? (
                        <>
                          <span>{view.passing.length} projects, drawn as domains.</span>
                          {view.passing.length <= TOO_MANY && (
                            <Button size="compact-xs" onClick={() => put({ each: '1' })}>
                              Draw each
                            </Button>
                          )}
                          <Button size="compact-xs" onClick={() => put({ as: 'projects' })}>
                            Table
                          </Button>
                          {opened.size > 0 && (
                            <Button size="compact-xs" onClick={() => put({ open: undefined })}>
                              Close {plural(opened.size, 'domain')}
                            </Button>
                          )}
                        </>
                      ) : (
                        <Button size="compact-xs" onClick={() => put({ each: undefined })}>
                          Draw as domains
                        </Button>
                      )}
                    </div>
                  )}
                  {view.passing.length === 0 && (
                    <div className={classes.bar} role="status">
                      No project passes. Loosen a filter or what is hidden.
                    </div>
                  )}
                </div>
                <div className={classes.legend}>
                  <Legend overlay={overlay} onOverlay={(next) => put({ overlay: next })} />
                </div>
                <div className={classes.zoom}>
                  <button
                    type="button"
                    className={classes.zoomButton}
                    aria-label="Zoom in"
                    onClick={() => void handle.current?.zoomIn()}
                  >
                    <IconPlus size={16} />
                  </button>
                  <button
                    type="button"
                    className={classes.zoomButton}
                    aria-label="Zoom out"
                    onClick={() => void handle.current?.zoomOut()}
                  >
                    <IconMinus size={16} />
                  </button>
                  <button
                    type="button"
                    className={classes.zoomButton}
                    aria-label="Fit all in"
                    title="Fit all in (0)"
                    onClick={() => void handle.current?.fitView(FIT)}
                  >
                    <IconArrowsMaximize size={15} />
                  </button>
                  <button
                    type="button"
                    className={classes.zoomButton}
                    aria-label="Lay out again"
                    title="Forget where I put things"
                    onClick={again}
                  >
                    <IconRouteAltLeft size={16} />
                  </button>
                </div>
              </div>
              <Suspense fallback={<aside aria-label="Panel" />}>
                {edge ? (
                  <EdgePanel edge={edge} model={model} go={go} />
                ) : node ? (
                  <NodePanel node={node} model={model} go={go} />
                ) : (
                  <Summary
                    graph={graph}
                    model={model}
                    view={view}
                    overlay={overlay}
                    scale={scale}
                    go={{
                      ...go,
                      select: (slug) => {
                        go.select(slug);
                        if (slug) fly(slug);
                      },
                    }}
                  />
                )}
              </Suspense>
            </div>
          )}
        </>
      )}
      {tour && (
        <Suspense>
          <Tour
            onEnd={() => {
              setTour(false);
              try {
                localStorage.setItem(TOURED, '1');
              } catch {
                // It is offered again.
              }
            }}
          />
        </Suspense>
      )}
    </Page>
  );
}

function useMap() {
  const [part, setPart] = useState<Awaited<typeof map>>();
  useEffect(() => {
    let here = true;
    void map.then((loaded) => here && setPart(loaded));
    return () => {
      here = false;
    };
  }, []);
  return part?.GraphMap;
}

/** Where a link says that the view stands, when the page opens; later moves are the person's own. */
function useStartViewport(at: string | undefined) {
  const [start] = useState(() => {
    const [x, y, zoom] = at?.split(',').map(Number) ?? [];
    return x === undefined || y === undefined || zoom === undefined ? undefined : { x, y, zoom };
  });
  return start;
}

function useDebounced<T>(act: (value: T) => void): (value: T) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback((value: T) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(value), 400);
  }, []);
}
