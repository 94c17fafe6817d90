import type { GraphNode } from '@orrery/protocol';
import type { Node, NodeProps } from '@xyflow/react';
import { memo, use } from 'react';
import { formatMs, NONE, plural } from '../ui/format.ts';
import { Mark } from '../ui/Mark.tsx';
import type { Tone } from '../ui/state.ts';
import { DetailContext } from './detail.ts';
import { nameOf } from './model.ts';
import classes from './nodes.module.css';
import type { Reading } from './overlays.ts';
import type { Group } from './view.ts';

type ProjectData = {
  node: GraphNode;
  reading: Reading;
  state: { tone: Tone; word: string };
  beyond: number;
  onGrow: (slug: string) => void;
};
type GroupData = {
  group: Group;
  tone: Tone;
  tones: readonly Tone[];
  states: Record<'offline' | 'degraded' | 'online', number>;
  hits: number | undefined;
  onOpenGroup: (domain: string) => void;
};
export type MapNode = Node<ProjectData, 'project'> | Node<GroupData, 'domain'>;

/** One project: a card near by, a name from further, a dot from afar. Its border is its state, its arc what the overlay says. */
export const ProjectNode = memo(function ProjectNode({ data, selected }: NodeProps<Node<ProjectData, 'project'>>) {
  const { node, reading, state, beyond, onGrow } = data;
  const detail = use(DetailContext);
  if (detail !== 'card')
    return (
      <div
        className={classes.far}
        data-tone={reading.tone}
        data-state={state.tone}
        data-selected={selected || undefined}
      >
        <Arc reading={reading} size={detail === 'chip' ? 64 : 104} />
        {detail === 'chip' && <span className={classes.farName}>{nameOf(node)}</span>}
      </div>
    );
  return (
    <div
      className={classes.card}
      data-tone={reading.tone}
      data-state={state.tone}
      data-selected={selected || undefined}
    >
      <div className={classes.text}>
        <span className={classes.name}>
          <Mark tone={state.tone} />
          <span>{nameOf(node)}</span>
        </span>
        <span className={classes.domain}>{node.domain ?? node.tags.slice(0, 2).join(' · ')}</span>
        <span className={classes.second}>
          {state.tone === 'ok' || state.tone === 'warn' ? formatMs(node.kpis?.healthLatencyMs) : state.word}
        </span>
      </div>
      <Arc reading={reading} size={46} inside={reading.text} />
      {beyond > 0 && (
        <button
          type="button"
          className={`${classes.beyond} nodrag nopan`}
          onClick={(event) => {
            event.stopPropagation();
            onGrow(node.id);
          }}
          aria-label={`Show ${plural(beyond, 'more neighbour')} of ${nameOf(node)}`}
        >
          +{beyond}
        </button>
      )}
    </div>
  );
});

/** A proportional arc; nothing reported is an empty ring. */
function Arc({ reading, size, inside }: { reading: Reading; size: number; inside?: string }) {
  const share = reading.share === null ? 0 : Math.max(0.02, reading.share);
  return (
    <span className={classes.arc} style={{ width: size, height: size }}>
      <svg viewBox="0 0 40 40" aria-hidden="true">
        <circle className={classes.ring} cx="20" cy="20" r="17" />
        {share > 0 && (
          <circle
            className={classes.share}
            cx="20"
            cy="20"
            r="17"
            pathLength="100"
            strokeDasharray={`${share * 100} 100`}
          />
        )}
      </svg>
      {inside !== undefined && <span className={inside === NONE ? classes.unknown : classes.inside}>{inside}</span>}
    </span>
  );
}

const WORDS: Record<Tone, string> = { bad: 'bad', warn: 'to watch', ok: 'well', none: 'not known', quiet: '' };

/** A domain, or what is left of one, in place of its projects. */
export const GroupNode = memo(function GroupNode({ data, selected }: NodeProps<Node<GroupData, 'domain'>>) {
  const { group, tone, tones, states, hits, onOpenGroup } = data;
  const counts = (['bad', 'warn', 'ok', 'none'] as const).map(
    (each) => [each, tones.filter((one) => one === each).length] as const,
  );
  return (
    <div className={classes.group} data-tone={tone} data-selected={selected || undefined}>
      <div className={classes.groupInner}>
        <span className={classes.groupName}>{group.rest ? `More of ${group.domain}` : group.domain}</span>
        <span className={classes.groupCount}>
          {plural(group.members.length, 'project')}
          {hits !== undefined && ` · ${hits} found`}
        </span>
        <span
          className={classes.stack}
          role="img"
          aria-label={counts
            .filter(([, count]) => count > 0)
            .map(([each, count]) => `${count} ${WORDS[each]}`)
            .join(', ')}
        >
          {counts.map(([each, count]) => count > 0 && <span key={each} data-tone={each} style={{ flexGrow: count }} />)}
        </span>
        {states.offline + states.degraded > 0 && (
          <span className={classes.groupState}>
            {states.offline > 0 && (
              <span>
                <Mark tone="bad" size={11} /> {states.offline}
              </span>
            )}
            {states.degraded > 0 && (
              <span>
                <Mark tone="warn" size={11} /> {states.degraded}
              </span>
            )}
          </span>
        )}
        {!group.rest && (
          <button
            type="button"
            className={`${classes.open} nodrag nopan`}
            onClick={(event) => {
              event.stopPropagation();
              onOpenGroup(group.domain);
            }}
          >
            Open<span className="sr-only"> {group.domain}</span>
          </button>
        )}
      </div>
    </div>
  );
});
