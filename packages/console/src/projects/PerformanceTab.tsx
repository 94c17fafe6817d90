import type { ProjectPerformance } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { performanceQuery } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { ExportMenu } from '../ui/ExportMenu.tsx';
import { formatMs } from '../ui/format.ts';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { Sort } from '../ui/search.ts';
import { IndexAdvices } from './IndexAdvices.tsx';
import classes from './PerformanceTab.module.css';
import { POOLS, REPEATS, ROUTES, STATEMENTS } from './performanceColumns.tsx';

/** The last hour of the project's own requests and statements beside what is usual of them. */
export default function PerformanceTab({ slug }: { slug: string }) {
  const query = useQuery(performanceQuery(slug));
  const found = query.data;
  if (!found)
    return (
      <>
        <QueryNote query={query} what="the performance" />
        {query.isPending && <Waiting rows={8} what="the performance" />}
      </>
    );
  const told = found.lastAt !== null || found.problems.length > 0;
  return (
    <div className={classes.stack}>
      <QueryNote query={query} what="the performance" />
      {!told && (
        <Panel title="Routes and statements" flush>
          <Empty title="Nothing was reported in the last hour">
            <p>
              An instance on the SDK reports its routes, statements and pools once a minute by itself: mount an adapter,
              and give <code>tracePool</code> the pool or Prisma its extension.
            </p>
          </Empty>
        </Panel>
      )}
      {found.apdex && <Score found={found} apdex={found.apdex} />}
      <Problems problems={found.problems} />
      <Facts
        title="Routes"
        label="Routes of the last hour"
        slug={slug}
        columns={ROUTES}
        rows={found.routes}
        rowId={(row) => row.name}
        by="share"
      />
      <Facts
        title="Statements"
        label="Statements of the last hour"
        slug={slug}
        columns={STATEMENTS}
        rows={found.statements}
        rowId={(row) => row.name}
        by="share"
      />
      <Facts
        title="Repeated within one request"
        label="Statements repeated within one request"
        slug={slug}
        columns={REPEATS}
        rows={found.repeats}
        rowId={(row) => `${row.route} ${row.statement}`}
        by="wasted"
      />
      <Facts
        title="Connection pools"
        label="Connection pools"
        slug={slug}
        columns={POOLS}
        rows={found.pools}
        rowId={(row) => `${row.instance} ${row.pool}`}
        by="waiting"
      />
      <IndexAdvices slug={slug} advice={found.indexes} advisor={found.advisor} />
    </div>
  );
}

function Score({ found, apdex }: { found: ProjectPerformance; apdex: NonNullable<ProjectPerformance['apdex']> }) {
  return (
    <section className={classes.score} aria-label="Apdex of the last hour">
      <dl>
        <div>
          <dt>Apdex, last hour</dt>
          <dd className={classes.value}>{apdex.score.toFixed(2)}</dd>
        </div>
        <div>
          <dt>Satisfied, up to {formatMs(apdex.thresholdMs)}</dt>
          <dd>{apdex.satisfied.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Tolerating, up to {formatMs(4 * apdex.thresholdMs)}</dt>
          <dd>{apdex.tolerating.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Frustrated, slower or failed</dt>
          <dd>{apdex.frustrated.toLocaleString('en')}</dd>
        </div>
        {found.platforms.map(({ platform, apdex: own }) => (
          <div key={platform}>
            <dt>Platform {platform}</dt>
            <dd>{own.score.toFixed(2)}</dd>
          </div>
        ))}
        <div>
          <dt>Last report</dt>
          <dd>
            <Age at={found.lastAt} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

const TONE = { critical: 'bad', warning: 'warn', info: 'none' } as const;

function Problems({ problems }: { problems: ProjectPerformance['problems'] }) {
  if (problems.length === 0) return null;
  return (
    <Panel title="What is wrong" note={problems.length} flush>
      <ul className={classes.problems}>
        {problems.map((problem) => (
          <li key={`${problem.kind} ${problem.subject}`}>
            <div className={classes.line}>
              <State tone={TONE[problem.severity]}>{problem.severity}</State>
              <strong>{problem.title}</strong>
              <span className={classes.age}>
                since <Age at={problem.since} />
              </span>
            </div>
            <p className={classes.text}>{problem.description}</p>
            <p className={classes.text}>{problem.recommendation}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

type FactsProps<T> = {
  title: string;
  label: string;
  slug: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  by: string;
};

function Facts<T>({ title, label, slug, columns, rows, rowId, by }: FactsProps<T>) {
  const [sort, setSort] = useState<Sort>({ id: by, desc: true });
  if (rows.length === 0) return null;
  const name = `${slug}-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <Panel title={title} note={rows.length} tools={<ExportMenu name={name} columns={columns} rows={rows} />} flush>
      <DataTable label={label} columns={columns} rows={rows} rowId={rowId} sort={sort} onSort={setSort} />
    </Panel>
  );
}
