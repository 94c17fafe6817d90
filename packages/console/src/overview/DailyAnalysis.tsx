import { Button } from '@mantine/core';
import type { Insights } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { analysisQuery, queryClient } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { Mark } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { SEVERITY_TONE } from '../ui/state.ts';
import classes from './DailyAnalysis.module.css';
import lists from './Lists.module.css';

const SHOWN = 4;

/** What the daily analysis came to: its summary, what turned for the worse, and what could be better. */
export function DailyAnalysis() {
  const may = useMay();
  const query = useQuery(analysisQuery);
  const run = useMutation({
    mutationFn: api.analyse,
    onSettled: () => queryClient.invalidateQueries({ queryKey: analysisQuery.queryKey }),
  });
  const analysis = query.data?.analysis;
  return (
    <Panel
      title="Daily analysis"
      note={analysis ? <Age at={analysis.at} /> : undefined}
      tools={
        may('actions:run') && (
          <Button variant="default" size="compact-xs" loading={run.isPending} onClick={() => run.mutate()}>
            Analyse now
          </Button>
        )
      }
      flush
    >
      <QueryNote query={query} what="the analysis" />
      {query.isPending && <Waiting rows={2} what="the analysis" />}
      {run.error && <p className={lists.quiet}>It could not be analysed: {run.error.message}</p>}
      {query.data && !analysis && (
        <p className={lists.quiet}>
          Every day at 06:00 a week of metrics and alerts is looked through for what changed. The first one is still to
          come.
        </p>
      )}
      {analysis && <Said insights={analysis.insights} />}
    </Panel>
  );
}

function Said({ insights }: { insights: Insights }) {
  const { summary, alerts, optimizations } = insights;
  const points = [
    ...alerts.map((alert) => ({
      key: alert.title,
      tone: SEVERITY_TONE[alert.severity],
      project: alert.site_key,
      title: alert.title,
      text: alert.description,
    })),
    ...optimizations.map((one) => ({
      key: one.description,
      tone: 'none' as const,
      project: one.site_key,
      title: `${one.type[0]?.toUpperCase()}${one.type.slice(1)} of ${one.site_key}`,
      text: one.description,
    })),
  ];
  return (
    <>
      <p className={classes.summary}>{summary}</p>
      <ul aria-label="What the analysis found">
        {points.slice(0, SHOWN).map(({ key, tone, project, title, text }) => (
          <li key={key} className={lists.item}>
            <Mark tone={tone} />
            <div className={lists.what}>
              <Link to="/projects/$slug" params={{ slug: project }} className={lists.title}>
                {title}
              </Link>
              <p className={classes.text}>{text}</p>
            </div>
          </li>
        ))}
      </ul>
      {points.length > SHOWN && <p className={lists.quiet}>and {points.length - SHOWN} more in the API</p>}
    </>
  );
}
