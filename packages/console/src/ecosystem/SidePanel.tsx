import { Button, CloseButton } from '@mantine/core';
import type { EcosystemGraph, GraphEdge, GraphNode } from '@orrery/protocol';
import { IconArrowNarrowRight, IconExternalLink, IconFocusCentered } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { Age } from '../ui/Age.tsx';
import { formatMs, formatNumber, NONE, plural } from '../ui/format.ts';
import { Mark, State } from '../ui/Mark.tsx';
import { projectState, type Tone } from '../ui/state.ts';
import { Acts } from './Acts.tsx';
import { type Model, nameOf, neededByOf, needsOf } from './model.ts';
import { OVERLAY, type Overlay, type Scale } from './overlays.ts';
import { blastOf } from './reach.ts';
import classes from './SidePanel.module.css';
import type { View } from './view.ts';

export type Go = {
  select: (slug: string | undefined) => void;
  selectEdge: (id: string | undefined) => void;
  focus: (slug: string) => void;
};

const stateOf = (node: GraphNode) =>
  projectState({ status: node.status, lastSeenAt: node.lastSeenAt === undefined ? '' : node.lastSeenAt });

function Frame({
  title,
  label,
  onClose,
  children,
}: {
  title: ReactNode;
  label: string;
  onClose?: (() => void) | undefined;
  children: ReactNode;
}) {
  return (
    <aside className={classes.panel} aria-label={label} data-open={onClose ? '' : undefined} data-tour="panel">
      <div className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {onClose && <CloseButton aria-label="Close the panel" onClick={onClose} />}
      </div>
      <div className={classes.body}>{children}</div>
    </aside>
  );
}

/** One project: how it is, what its risk is made of, what can be done, whom it hangs on and who hangs on it. */
export function NodePanel({ node, model, go }: { node: GraphNode; model: Model; go: Go }) {
  const state = stateOf(node);
  const blast = useMemo(() => blastOf(model, node.id), [model, node.id]);
  const factors = node.riskFactors;
  const traits = model.traits.get(node.id);
  return (
    <Frame title={nameOf(node)} label={`Project ${nameOf(node)}`} onClose={() => go.select(undefined)}>
      <div className={classes.line}>
        <State tone={state.tone} soft>
          {state.word}
        </State>
        <span>
          Seen <Age at={node.lastSeenAt} />
        </span>
        {node.domain && <span>{node.domain}</span>}
        {traits?.has('single') && <span>single point of failure</span>}
        {traits?.has('hub') && <span>hub</span>}
        {traits?.has('cyclic') && <span>part of a circle</span>}
      </div>
      <div className={classes.actions}>
        {node.hubUrl && (
          <Button
            component="a"
            href={node.hubUrl}
            target="_blank"
            rel="noopener noreferrer"
            variant="filled"
            leftSection={<IconExternalLink size={14} />}
          >
            Open instance
          </Button>
        )}
        <Acts node={node} />
        <Button leftSection={<IconFocusCentered size={14} />} onClick={() => go.focus(node.id)}>
          Focus
        </Button>
      </div>
      <Kpis node={node} />
      <section>
        <h3 className={classes.heading}>Risk {node.risk.toFixed(2)}</h3>
        {factors ? (
          <div className={classes.bars}>
            <Bar name="Security" share={factors.security} />
            <Bar name="Compliance" share={factors.compliance} />
            <Bar name="Staleness" share={factors.staleness} />
            <Bar name="Health" share={factors.health} />
          </div>
        ) : (
          <p className={classes.text}>What it is made of was not reported.</p>
        )}
      </section>
      <EdgeList title="Needs" edges={needsOf(model, node.id)} other={(edge) => edge.to} model={model} go={go} />
      <EdgeList
        title="Needed by"
        edges={neededByOf(model, node.id)}
        other={(edge) => edge.from}
        model={model}
        go={go}
      />
      <section aria-label="Blast radius">
        <h3 className={classes.heading}>Blast radius</h3>
        {blast.hit.length === 0 ? (
          <p className={classes.text}>Nobody needs it: its failure hits no other project.</p>
        ) : (
          <>
            <p className={classes.text}>
              {plural(blast.hit.length, 'project is hit', 'projects are hit')} if it fails, the hardest first.
            </p>
            <ul className={classes.list}>
              {blast.hit.slice(0, 12).map(({ slug, via, strength }) => (
                <li key={slug}>
                  <button type="button" className={classes.row} onClick={() => go.select(slug)} title={via.join(' → ')}>
                    <span className={classes.grow}>{nameBySlug(model, slug)}</span>
                    <span className={classes.aside}>
                      {via.length > 2 &&
                        `via ${via
                          .slice(1, -1)
                          .map((each) => nameBySlug(model, each))
                          .join(', ')} · `}
                      {strength.toFixed(2)}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
            {blast.hit.length > 12 && <p className={classes.text}>and {blast.hit.length - 12} more</p>}
          </>
        )}
      </section>
      <p className={classes.text}>
        <Link to="/projects/$slug" params={{ slug: node.id }} className={classes.link}>
          Services, metrics and logs of {nameOf(node)}
        </Link>
      </p>
    </Frame>
  );
}

const nameBySlug = (model: Model, slug: string) => {
  const node = model.nodes.get(slug);
  return node ? nameOf(node) : slug;
};

function Kpis({ node }: { node: GraphNode }) {
  const { kpis } = node;
  const audits = [kpis?.auditsOk, kpis?.auditsWarn, kpis?.auditsFail].map((each) => formatNumber(each)).join(' / ');
  return (
    <dl className={classes.facts}>
      <dt>Audits ok / warn / fail</dt>
      <dd>{audits}</dd>
      <dt>Last deploy</dt>
      <dd>{node.freshnessDays === null ? NONE : `${formatNumber(node.freshnessDays)} d ago`}</dd>
      <dt>Health latency</dt>
      <dd>{formatMs(kpis?.healthLatencyMs)}</dd>
      <dt>Cost</dt>
      <dd>{formatNumber(node.cost)}</dd>
      <dt>Tags</dt>
      <dd>{node.tags.join(', ') || NONE}</dd>
      <dt>Teams</dt>
      <dd>{node.teams?.join(', ') || NONE}</dd>
    </dl>
  );
}

const riskTone = (share: number | null): Tone =>
  share === null ? 'none' : share < 0.4 ? 'ok' : share < 0.7 ? 'warn' : 'bad';

function Bar({ name, share, tone = riskTone(share) }: { name: string; share: number | null; tone?: Tone }) {
  return (
    <div className={classes.bar}>
      <span>{name}</span>
      <span className={classes.track}>
        <span className={classes.fill} data-tone={tone} style={{ width: `${(share ?? 0) * 100}%`, display: 'block' }} />
      </span>
      <span>{share === null ? NONE : share.toFixed(2)}</span>
    </div>
  );
}

function EdgeList({
  title,
  edges,
  other,
  model,
  go,
}: {
  title: string;
  edges: readonly GraphEdge[];
  other: (edge: GraphEdge) => string;
  model: Model;
  go: Go;
}) {
  if (edges.length === 0) return null;
  const sorted = edges.toSorted((a, b) => b.strength - a.strength);
  return (
    <section aria-label={title}>
      <h3 className={classes.heading}>
        {title} {edges.length}
      </h3>
      <ul className={classes.list}>
        {sorted.slice(0, 15).map((edge) => (
          <li key={edge.id}>
            <button type="button" className={classes.row} onClick={() => go.selectEdge(edge.id)}>
              <span className={classes.grow}>{nameBySlug(model, other(edge))}</span>
              <span className={classes.aside}>
                {edge.kind} · {edge.strength.toFixed(2)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {edges.length > 15 && <p className={classes.text}>and {edges.length - 15} more in the table</p>}
    </section>
  );
}

const SOURCE_WORD = { declared: 'declared', hint: 'reported by an instance', learned: 'learned from calls' } as const;

/** One edge: what it is, how strong, and the proof of it. */
export function EdgePanel({ edge, model, go }: { edge: GraphEdge; model: Model; go: Go }) {
  const [from, to] = [nameBySlug(model, edge.from), nameBySlug(model, edge.to)];
  return (
    <Frame title={`${from} → ${to}`} label={`Edge from ${from} to ${to}`} onClose={() => go.selectEdge(undefined)}>
      <div className={classes.line}>
        <button type="button" className={classes.row} onClick={() => go.select(edge.from)}>
          <span>{from}</span>
          <IconArrowNarrowRight size={16} aria-label="needs" />
        </button>
        <button type="button" className={classes.row} onClick={() => go.select(edge.to)}>
          {to}
        </button>
      </div>
      <Bar name="Strength" share={edge.strength} tone="none" />
      <dl className={classes.facts}>
        <dt>Kind</dt>
        <dd>{edge.kind}</dd>
        <dt>Known because</dt>
        <dd>{edge.sources?.map((source) => SOURCE_WORD[source]).join(', ') ?? NONE}</dd>
        <dt>Last proof</dt>
        <dd>{edge.lastProofAt ? <Age at={edge.lastProofAt} /> : 'none but the declaration'}</dd>
        {edge.calls !== undefined && (
          <>
            <dt>Calls an hour</dt>
            <dd>{formatNumber(edge.calls)}</dd>
          </>
        )}
      </dl>
      <section>
        <h3 className={classes.heading}>Proof</h3>
        {edge.proof && Object.keys(edge.proof).length > 0 ? (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
          <pre className={classes.proof} tabIndex={0} aria-label="Proof">
            {JSON.stringify(edge.proof, null, 2)}
          </pre>
        ) : (
          <p className={classes.text}>
            Nobody gave any: {edge.sources?.includes('declared') ? 'it is declared.' : 'it fades by itself.'}
          </p>
        )}
      </section>
    </Frame>
  );
}

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
