import '@xyflow/react/dist/base.css';
import type { GraphNode } from '@orrery/protocol';
import {
  applyNodeChanges,
  type NodeChange,
  ReactFlow,
  type ReactFlowInstance,
  useReactFlow,
  type Viewport,
} from '@xyflow/react';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { projectState } from '../ui/state.ts';
import { type Detail, DetailContext, detailOf } from './detail.ts';
import { EdgeLayer } from './EdgeLayer.tsx';
import { clearLight, light } from './emphasis.ts';
import classes from './GraphMap.module.css';
import { type Model, nameOf, neededByOf, needsOf } from './model.ts';
import type { MapNode } from './nodes.tsx';
import { GroupNode, ProjectNode } from './nodes.tsx';
import { OVERLAY, type Overlay, type Scale, worst } from './overlays.ts';
import { blastOf, neighbourhood } from './reach.ts';
import { boxOf, CARD, FIT, type Places, type Point } from './settle.ts';
import type { View } from './view.ts';

const NODE_TYPES = { project: ProjectNode, domain: GroupNode };
const PRO = { hideAttribution: false };

export type MapHandle = ReactFlowInstance<MapNode>;
type Props = {
  model: Model;
  view: View;
  places: Places;
  overlay: Overlay;
  scale: Scale;
  selected: string | undefined;
  selectedEdge: string | undefined;
  found: ReadonlySet<string> | undefined;
  /** Where the view stands; absent: all of it fits in. */
  viewport: Viewport | undefined;
  /** Another text fits the view anew: the focus. */
  fitKey: string;
  onViewport: (viewport: Viewport) => void;
  onSelect: (slug: string | undefined) => void;
  onSelectEdge: (id: string) => void;
  onFocus: (slug: string) => void;
  onOpenGroup: (domain: string) => void;
  onGrow: (slug: string) => void;
  onMoved: (moved: ReadonlyMap<string, Point>) => void;
  onReady: (handle: MapHandle) => void;
  children?: ReactNode;
};

/** The map itself: projects as cards, chips or dots by distance; lines beneath them. */
export function GraphMap(props: Props) {
  const { model, view, places, found, viewport, fitKey } = props;
  const box = useRef<HTMLDivElement>(null);
  const [detail, setDetail] = useState<Detail>(() => detailOf(viewport?.zoom ?? zoomToFit(view, places)));
  const drawn = useRef<ReadonlyMap<string, string>>(new Map());
  const [dragged, setDragged] = useState<ReadonlyMap<string, Point>>();
  const at = useCallback((id: string): Point | undefined => dragged?.get(id) ?? places.get(id), [dragged, places]);
  const nodes = useMapNodes(props, at);

  // For measuring, with `ecosystem:data`: all of it is in the page, and the frame after that has begun.
  useEffect(() => {
    const frame = requestAnimationFrame(() => setTimeout(() => performance.mark('ecosystem:painted'), 0));
    return () => cancelAnimationFrame(frame);
  }, []);

  const { onSelect, onMoved } = props;
  const choose = useCallback(
    (id: string) => {
      if (model.nodes.has(id)) onSelect(id);
    },
    [model, onSelect],
  );
  const onNodesChange = useCallback(
    (changes: NodeChange<MapNode>[]) => {
      const moved = changes.filter((change) => change.type === 'position' && change.position);
      if (moved.length > 0) {
        const next = applyNodeChanges(moved, nodes);
        setDragged((old) => {
          const all = new Map(old);
          for (const change of moved)
            if (change.type === 'position') {
              const node = next.find(({ id }) => id === change.id);
              if (node?.type === 'project') all.set(node.id, node.position);
            }
          return all;
        });
        // Arrow keys move a card without a drag.
        for (const change of moved)
          if (change.type === 'position' && !change.dragging && change.position)
            onMoved(new Map([[change.id, change.position]]));
      }
      for (const change of changes) if (change.type === 'select' && change.selected) choose(change.id);
    },
    [nodes, choose, onMoved],
  );
  // What was dragged is remembered by the page; until it says so the card stays where it was dropped.
  const before = useRef(places);
  if (before.current !== places) {
    before.current = places;
    if (dragged) setDragged(undefined);
  }

  const hover = useRef<{ id: string; shift: boolean }>(undefined);
  const show = useCallback(
    (id: string, shift: boolean) => {
      const root = box.current;
      // Under a moving view the pointer passes over projects that nobody points at.
      if (!root || root.dataset.moving !== undefined) return;
      hover.current = { id, shift };
      if (!model.nodes.has(id)) return clearLight(root);
      if (shift) {
        const blast = blastOf(model, id);
        light(root, 'blast', new Set([id, ...blast.hit.map(({ slug }) => slug)]), blast.edges, drawn.current);
      } else {
        const near = neighbourhood(model, id, 1);
        light(root, 'near', near.nodes, near.edges, drawn.current);
      }
    },
    [model],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Shift' || !hover.current) return;
      show(hover.current.id, event.type === 'keydown');
    };
    window.addEventListener('keydown', onKey);
    window.addEventListener('keyup', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
      window.removeEventListener('keyup', onKey);
    };
  }, [show]);
  const leave = () => {
    hover.current = undefined;
    if (box.current) clearLight(box.current);
  };

  return (
    <DetailContext value={detail}>
      <div ref={box} className={classes.map} data-detail={detail} data-found={found ? '' : undefined}>
        <ReactFlow<MapNode>
          nodes={nodes}
          nodeTypes={NODE_TYPES}
          onInit={props.onReady}
          onNodesChange={onNodesChange}
          onNodeClick={(_, node) => choose(node.id)}
          onNodeDoubleClick={(_, node) => {
            const group = view.groups.find((each) => each.id === node.id);
            if (group) props.onOpenGroup(group.domain);
            else props.onFocus(node.id);
          }}
          onNodeMouseEnter={(event, node) => show(node.id, event.shiftKey)}
          onNodeMouseLeave={leave}
          onNodeDragStop={(_, __, all) => props.onMoved(new Map(all.map(({ id, position }) => [id, position])))}
          onPaneClick={() => props.onSelect(undefined)}
          onMoveStart={() => {
            leave();
            box.current?.setAttribute('data-moving', '');
          }}
          onMove={(_, { zoom }) => setDetail(detailOf(zoom))}
          onMoveEnd={(event, next) => {
            box.current?.removeAttribute('data-moving');
            if (event) props.onViewport(next);
          }}
          {...(viewport ? { defaultViewport: viewport } : { fitView: true, fitViewOptions: FIT })}
          minZoom={0.02}
          maxZoom={2}
          nodesConnectable={false}
          zoomOnDoubleClick={false}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          deleteKeyCode={null}
          nodeDragThreshold={4}
          onlyRenderVisibleElements={nodes.length > 1500}
          proOptions={PRO}
          attributionPosition="bottom-right"
          aria-label="Map of projects"
        >
          <EdgeLayer
            view={view}
            at={at}
            selected={props.selectedEdge}
            onSelect={props.onSelectEdge}
            detail={detail}
            drawn={drawn}
          />
          <Refit by={fitKey} />
          {props.children}
        </ReactFlow>
      </div>
    </DetailContext>
  );
}

/** About how near everything fits in, known before anything is drawn: drawing cards first to draw dots after would cost twice. */
function zoomToFit(view: View, places: Places): number {
  const corners = view.drawn.flatMap(({ id }) => places.get(id) ?? []);
  for (const { place, size } of view.groups)
    corners.push(place, { x: place.x + size.x - CARD.width, y: place.y + size.y - CARD.height });
  const box = boxOf(corners);
  if (!box) return 1;
  const [wide, high] = [Math.max(300, window.innerWidth - 660), Math.max(240, window.innerHeight - 340)];
  return Math.min(FIT.maxZoom, wide / box.width, high / box.height);
}

/** Nodes for the map; one that did not change keeps its identity, so that only what is new is drawn again. */
function useMapNodes(props: Props, at: (id: string) => Point | undefined): MapNode[] {
  const { model, view, overlay, scale, selected, found, onGrow, onOpenGroup } = props;
  const kept = useRef(new Map<string, { key: string; node: GraphNode | undefined; made: MapNode }>());
  return useMemo(() => {
    const fresh = new Map<string, { key: string; node: GraphNode | undefined; made: MapNode }>();
    const keep = (id: string, node: GraphNode | undefined, key: string, make: () => MapNode) => {
      const known = kept.current.get(id);
      const entry = known && known.key === key && known.node === node ? known : { key, node, made: make() };
      fresh.set(id, entry);
      return entry.made;
    };
    const rule = OVERLAY[overlay];
    const projects = view.drawn.map((node) => {
      const { x, y } = at(node.id) ?? { x: 0, y: 0 };
      const beyond = view.beyond.get(node.id) ?? 0;
      const isFound = found?.has(node.id);
      const key = [x, y, overlay, scale.dearest, node.id === selected, isFound, beyond].join();
      return keep(node.id, node, key, (): MapNode => {
        const reading = rule.read(node, scale);
        const state = projectState({
          status: node.status,
          lastSeenAt: node.lastSeenAt === undefined ? '' : node.lastSeenAt,
        });
        const [needs, neededBy] = [needsOf(model, node.id).length, neededByOf(model, node.id).length];
        return {
          ...placed(node.id, { x, y }, { x: CARD.width, y: CARD.height }),
          type: 'project',
          selected: node.id === selected,
          className: isFound ? 'found' : '',
          ariaLabel: `${nameOf(node)}, ${state.word}, ${rule.name} ${reading.text === '–' ? 'not known' : reading.text}, needs ${needs}, needed by ${neededBy}`,
          data: { node, reading, state, beyond, onGrow },
        };
      });
    });
    const groups = view.groups.map((group) => {
      const readings = group.members.map((node) => rule.read(node, scale));
      const states = { offline: 0, degraded: 0, online: 0 };
      for (const { status } of group.members) states[status]++;
      const hits = found ? group.members.filter(({ id }) => found.has(id)).length : undefined;
      const { x, y } = group.place;
      const tones = readings.map(({ tone }) => tone);
      const key = [x, y, group.size.x, group.size.y, overlay, tones.join(''), hits, ...Object.values(states)].join();
      return keep(
        group.id,
        undefined,
        key,
        (): MapNode => ({
          ...placed(group.id, group.place, group.size),
          type: 'domain',
          draggable: false,
          className: hits ? 'found' : '',
          ariaLabel: `${group.domain}, ${group.members.length} projects, ${states.offline} offline, ${states.degraded} degraded`,
          data: { group, tone: worst(tones), tones, states, hits, onOpenGroup },
        }),
      );
    });
    kept.current = fresh;
    return [...groups, ...projects];
  }, [model, view, overlay, scale, selected, found, onGrow, onOpenGroup, at]);
}

const placed = (id: string, position: Point, { x: width, y: height }: Point) => ({
  id,
  position,
  width,
  height,
  measured: { width, height },
  handles: [],
  // The map has edges of its own; nothing is connected by hand.
  connectable: false,
});

/** Fits the view anew when the focus changes; never when facts do. */
function Refit({ by }: { by: string }) {
  const { fitView } = useReactFlow();
  const before = useRef(by);
  useEffect(() => {
    if (before.current === by) return;
    before.current = by;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    void fitView({ ...FIT, duration: calm ? 0 : 250 });
  }, [by, fitView]);
  return null;
}
