import { Button } from '@mantine/core';
import type { Pattern } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { patternsQuery, queryClient } from '../queries.ts';
import { Confirm } from '../settings/Confirm.tsx';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import type { Sort } from '../ui/search.ts';
import { SEVERITY_WORD } from '../ui/state.ts';
import classes from './Patterns.module.css';

const percent = (share: number) => `${Math.round(share * 100)} %`;
const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** A symptom as a person says it. */
const against = ({ symptom: { severity, check, failure, cause } }: Pattern) =>
  `${SEVERITY_WORD[severity]}: ${check} is ${failure}${cause ? `, because of ${cause}` : ''}`;
const placeOf = ({ where }: Pattern) => (where ? `${where.project}/${where.service}` : 'everywhere');

const BASE: readonly Column<Pattern>[] = [
  {
    id: 'against',
    header: 'Against',
    cell: (row) => (
      <>
        {against({ ...row, symptom: { ...row.symptom, cause: null } })}
        <span className={classes.sub}>
          {row.symptom.category}
          {row.symptom.cause && `, because of ${row.symptom.cause}`}
        </span>
      </>
    ),
    sort: against,
    value: against,
    grow: true,
    hide: 'phone',
  },
  {
    id: 'remedy',
    header: 'Remedy',
    cell: (row) => (
      <>
        {row.remedy.form}
        {row.suppressed && (
          <span className={classes.sub}>
            <State tone="bad">Suppressed: it has not helped here</State>
          </span>
        )}
        {row.allowed && (
          <span className={classes.sub}>
            {row.allowed.by} let it try again <Age at={row.allowed.at} />
          </span>
        )}
      </>
    ),
    sort: (row) => row.remedy.form,
    value: (row) => row.remedy.form,
  },
  {
    id: 'where',
    header: 'Where',
    cell: (row) =>
      row.where ? (
        <Link to="/projects/$slug" params={{ slug: row.where.project }} className={classes.link}>
          {placeOf(row)}
        </Link>
      ) : (
        'everywhere'
      ),
    sort: placeOf,
    value: placeOf,
  },
  {
    id: 'helped',
    header: 'Helped',
    cell: (row) => `${row.successes} of ${row.tries}`,
    sort: (row) => row.successes,
    value: (row) => `${row.successes} of ${row.tries}`,
    align: 'right',
    hide: 'phone',
  },
  {
    id: 'belief',
    header: 'Likely to help',
    cell: (row) => <Interval belief={row.belief} />,
    sort: (row) => row.belief.mean,
    value: (row) => rounded(row.belief.mean),
  },
  {
    id: 'low',
    header: 'At least',
    cell: (row) => percent(row.belief.low),
    sort: (row) => row.belief.low,
    value: (row) => rounded(row.belief.low),
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'high',
    header: 'At most',
    cell: (row) => percent(row.belief.high),
    sort: (row) => row.belief.high,
    value: (row) => rounded(row.belief.high),
    align: 'right',
    hide: 'laptop',
  },
  {
    id: 'imported',
    header: 'Imported',
    cell: (row) => (row.weight.imported > 0 ? `weighs ${row.weight.imported.toFixed(1)} tries` : '–'),
    sort: (row) => row.weight.imported,
    value: (row) => rounded(row.weight.imported),
    hide: 'laptop',
  },
  {
    id: 'evidence',
    header: 'Evidence',
    cell: (row) =>
      row.attempts.length === 0 ? (
        '–'
      ) : (
        <span className={classes.evidence}>
          {row.attempts.map((id, i) => (
            <Link
              key={id}
              to="/healing"
              search={{ attempt: id }}
              className={classes.proof}
              aria-label={`Attempt ${id}`}
              title={id}
            >
              {i + 1}
            </Link>
          ))}
        </span>
      ),
    value: (row) => row.attempts.join(' '),
    hide: 'tablet',
  },
  {
    id: 'seen',
    header: 'Last seen',
    cell: (row) => <Age at={row.lastSeenAt} bare />,
    sort: (row) => row.lastSeenAt,
    value: (row) => row.lastSeenAt,
    align: 'right',
    hide: 'phone',
  },
];

/** The mean as a tick on a bar that spans what may be believed; the words say the same. */
function Interval({ belief: { mean, low, high } }: { belief: Pattern['belief'] }) {
  const words = `${percent(mean)}, between ${percent(low)} and ${percent(high)}`;
  return (
    <span className={classes.belief} title={words}>
      <span className={classes.mean}>{percent(mean)}</span>
      <span className={classes.bar} role="img" aria-label={words}>
        <span className={classes.span} style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
        <span className={classes.tick} style={{ left: `${mean * 100}%` }} />
      </span>
    </span>
  );
}

/** What was learned of remedies: which helped against what, where, how often, and how sure that is. */
export function Patterns() {
  const may = useMay();
  const query = useQuery(patternsQuery);
  const [sort, setSort] = useState<Sort>({ id: 'seen', desc: true });
  const [asking, setAsking] = useState<Pattern>();
  const allow = useMutation({
    mutationFn: (id: string) => api.allowPattern(id),
    onSuccess: () => setAsking(undefined),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['patterns'] }),
  });
  const items = query.data?.items;
  const columns: readonly Column<Pattern>[] = may('actions:run')
    ? [
        ...BASE,
        {
          id: 'do',
          header: '',
          cell: (row) =>
            row.suppressed && (
              <Button size="compact-xs" variant="default" onClick={() => setAsking(row)}>
                Let it try again
              </Button>
            ),
        },
      ]
    : BASE;
  return (
    <Panel
      title="Patterns"
      note="what verified repairs have taught"
      tools={items && <ExportMenu name="orrery-patterns" columns={BASE} rows={items} />}
      flush
    >
      <QueryNote query={query} what="the patterns" />
      {query.isPending && <Waiting rows={4} what="the patterns" />}
      {items?.length === 0 && (
        <Empty title="Nothing was learned yet">
          <p>
            Each verified repair counts: which remedy, against what, at which service, and whether it helped. What
            another hub has learned can be taken in.
          </p>
          <Snippet
            label="From another hub"
            code={'orrery patterns export --out patterns.json\norrery patterns import patterns.json'}
          />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Patterns"
          columns={columns}
          rows={items}
          rowId={(row) => row.id}
          sort={sort}
          onSort={setSort}
        />
      )}
      {asking && (
        <Confirm
          title={`Let "${asking.remedy.form}" try again?`}
          verb="Let it try again"
          error={allow.error}
          busy={allow.isPending}
          onClose={() => setAsking(undefined)}
          onConfirm={() => allow.mutate(asking.id)}
        >
          It helped {asking.successes} of {asking.tries} times at {placeOf(asking)}. Its policy may apply it there again
          within its limits; tries from now on decide whether it is suppressed once more.
        </Confirm>
      )}
    </Panel>
  );
}
