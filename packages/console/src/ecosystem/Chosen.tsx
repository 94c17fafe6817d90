import { Button } from '@mantine/core';
import type { GraphEdge, GraphNode } from '@orrery/protocol';
import { IconArrowNarrowRight, IconExternalLink, IconFocusCentered } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Age } from '../ui/Age.tsx';
import { formatMs, formatNumber, NONE, plural } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import type { Tone } from '../ui/state.ts';
import { Acts } from './Acts.tsx';
import { type Model, nameOf, neededByOf, needsOf } from './model.ts';
import { Frame, type Go, nameBySlug, stateOf } from './panel.tsx';
import { blastOf } from './reach.ts';
import classes from './SidePanel.module.css';

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
          <pre className={classes.proof} tabIndex={0}>
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
