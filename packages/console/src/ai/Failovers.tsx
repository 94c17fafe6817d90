import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { aiFailoversQuery } from '../queries.ts';
import { Clock } from '../ui/Age.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import type { RangeView } from '../ui/range.ts';
import classes from './Ai.module.css';

/** When a provider failed and who took over, newest first. */
export function Failovers({ range }: { range: RangeView }) {
  const query = useQuery(aiFailoversQuery(range.from, range.to));
  const items = query.data?.items;
  return (
    <Panel title="Failovers" note={items && items.length > 0 ? 'newest first' : undefined} flush>
      <QueryNote query={query} what="the failovers" />
      {query.isPending && <Waiting rows={3} what="the failovers" />}
      {items?.length === 0 && <Empty title="No provider had to be replaced in this range" />}
      <ol className={classes.list}>
        {items?.map((call) => (
          <li key={call.id} className={classes.item}>
            <span className={classes.name}>
              <State tone={call.outcome === 'ok' ? 'warn' : 'bad'}>
                <Link to="/ai" search={((old: object) => ({ ...old, tab: 'calls', call: call.id })) as never}>
                  {call.failovers.map(({ provider }) => provider).join(', ')} → {call.provider ?? 'nobody'}
                </Link>
              </State>
              <span className={classes.sub}>{call.failovers.map(({ reason }) => reason).join('; ')}</span>
            </span>
            <span className={classes.aside}>
              <Clock at={call.at} />
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
