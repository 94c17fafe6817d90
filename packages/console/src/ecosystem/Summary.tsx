import type { EcosystemGraph, GraphNode } from '@orrery/protocol';
import { NONE, plural } from '../ui/format.ts';
import { Mark } from '../ui/Mark.tsx';
import { Sweep } from './Acts.tsx';
import { type Model, neededByOf } from './model.ts';
import { OVERLAY, type Overlay, type Scale } from './overlays.ts';
import { Frame, type Go, nameBySlug, stateOf } from './panel.tsx';
import classes from './SidePanel.module.css';
import type { View } from './view.ts';

type SummaryProps = { graph: EcosystemGraph; model: Model; view: View; overlay: Overlay; scale: Scale; go: Go };

/** The whole map in words, while nothing is chosen. */
export function Summary({ graph, model, view, overlay, scale, go }: SummaryProps) {
  const count = (status: GraphNode['status']) => view.passing.filter((node) => node.status === status).length;
  const rule = OVERLAY[overlay];
  const insights = graph.insights;
  const worstFirst = view.passing
    .map((node) => ({ node, reading: rule.read(node, scale) }))
    .filter(({ reading }) => reading.tone === 'bad' || reading.tone === 'warn')
    .sort((a, b) => Number(a.reading.tone === 'warn') - Number(b.reading.tone === 'warn') || b.node.risk - a.node.risk);
  const kinds = [...new Set([...model.edges.values()].map(({ kind }) => kind))].sort();
  return (
    <Frame title="The whole map" label="Summary">
      <div className={classes.numbers}>
        {(['online', 'degraded', 'offline'] as const).map((status) => (
          <div key={status} className={classes.number}>
            <strong>{count(status)}</strong>
            <span>
              <Mark tone={status === 'online' ? 'ok' : status === 'degraded' ? 'warn' : 'bad'} size={8} /> {status}
            </span>
          </div>
        ))}
      </div>
      <dl className={classes.facts}>
        <dt>Projects on the map</dt>
        <dd>
          {view.passing.length === model.nodes.size
            ? model.nodes.size
            : `${view.passing.length} of ${model.nodes.size}`}
        </dd>
        <dt>Edges</dt>
        <dd>{model.edges.size}</dd>
        <dt>Kinds</dt>
        <dd>{kinds.join(', ') || NONE}</dd>
      </dl>
      <div className={classes.actions}>
        <Sweep>Global security sweep…</Sweep>
      </div>
      <section aria-label="Needs eyes">
        <h3 className={classes.heading}>{rule.name}: needs eyes</h3>
        {worstFirst.length === 0 ? (
          <p className={classes.text}>Nothing: all that is known is well.</p>
        ) : (
          <Slugs
            slugs={worstFirst.slice(0, 8).map(({ node }) => node.id)}
            model={model}
            go={go}
            aside={(slug) => worstFirst.find(({ node }) => node.id === slug)?.reading.text}
          />
        )}
        {worstFirst.length > 8 && <p className={classes.text}>and {worstFirst.length - 8} more in the table</p>}
      </section>
      <section aria-label="Insights">
        <h3 className={classes.heading}>What the shape says</h3>
        {!insights || insights.cycles.length + insights.hubs.length + insights.singlePoints.length === 0 ? (
          <p className={classes.text}>No circles, no hubs, no single points of failure.</p>
        ) : (
          <>
            <Insight title="Single points of failure" slugs={insights.singlePoints} model={model} go={go} />
            <Insight title="Hubs" slugs={insights.hubs} model={model} go={go} />
            {insights.cycles.slice(0, 5).map((cycle) => (
              <Insight key={cycle.join()} title={`A circle of ${cycle.length}`} slugs={cycle} model={model} go={go} />
            ))}
          </>
        )}
      </section>
      <p className={classes.text}>
        Hover shows neighbours, with Shift the blast radius. A click opens a project, a double click focuses on it.
        Lines show their proof on a click.
      </p>
    </Frame>
  );
}

function Insight({ title, slugs, model, go }: { title: string; slugs: readonly string[]; model: Model; go: Go }) {
  if (slugs.length === 0) return null;
  return (
    <>
      <p className={classes.text}>
        {title} {slugs.length}
      </p>
      <Slugs
        slugs={slugs.slice(0, 6)}
        model={model}
        go={go}
        aside={(slug) => plural(neededByOf(model, slug).length, 'dependant')}
      />
    </>
  );
}

function Slugs({
  slugs,
  model,
  go,
  aside,
}: {
  slugs: readonly string[];
  model: Model;
  go: Go;
  aside: (slug: string) => string | undefined;
}) {
  return (
    <ul className={classes.list}>
      {slugs.map((slug) => {
        const node = model.nodes.get(slug);
        return (
          <li key={slug}>
            <button type="button" className={classes.row} onClick={() => go.select(slug)}>
              {node && <Mark tone={stateOf(node).tone} size={8} />}
              <span className={classes.grow}>{nameBySlug(model, slug)}</span>
              <span className={classes.aside}>{aside(slug)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
