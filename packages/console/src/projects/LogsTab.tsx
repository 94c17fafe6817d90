import { Button, TextInput } from '@mantine/core';
import type { LogLevel, ProjectLogs } from '@orrery/protocol';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { logsQuery } from '../queries.ts';
import { Empty } from '../ui/Empty.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Segments } from '../ui/Segments.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { LEVELS } from '../views.ts';
import { LogList } from './LogList.tsx';
import classes from './LogsTab.module.css';
import { LogTemplates } from './LogTemplates.tsx';

const route = getRouteApi('/desk/projects/$slug');
export type LogLine = ProjectLogs['entries'][number];

/** The project's log lines, newest first. They are asked for again while the page is live. */
export default function LogsTab({ slug }: { slug: string }) {
  const { level, q } = route.useSearch();
  const [text, setText] = useState(q ?? '');
  const query = useInfiniteQuery(logsQuery(slug, { level, q }, true));
  const put = usePutSearch();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a search runs when the typing rests, not when the page moves.
  useEffect(() => {
    if (text === (q ?? '')) return;
    const timer = setTimeout(() => put({ q: text || undefined }), 300);
    return () => clearTimeout(timer);
  }, [text]);

  const lines = query.data?.pages.flatMap((page) => page.entries) ?? [];
  const note = query.data?.pages[0]?.note;
  return (
    <>
      <LogTemplates slug={slug} onPick={setText} />
      <Panel
        title="Logs"
        note={query.data && `${lines.length}${query.hasNextPage ? '+' : ''} lines`}
        tools={
          <>
            <TextInput
              aria-label="Search the logs"
              placeholder="Search"
              leftSection={<IconSearch size={14} />}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Segments<LogLevel | 'all'>
              label="Level, and what is worse"
              value={level ?? 'all'}
              onChange={(value) => put({ level: value === 'all' ? undefined : value })}
              options={[
                { value: 'all', label: 'All' },
                ...LEVELS.filter((each) => each !== 'fatal').map((value) => ({
                  value,
                  label: value,
                  more: ' and worse',
                })),
              ]}
            />
          </>
        }
        flush
      >
        <QueryNote query={query} what="the logs" />
        {note && (
          <div className={classes.note}>
            <Note tone="none">{note}</Note>
          </div>
        )}
        {query.isPending && <Waiting rows={10} what="the logs" />}
        {query.data && lines.length === 0 && <NoLogs filtered={level !== undefined || q !== undefined} />}
        {lines.length > 0 && <LogList lines={lines} />}
        {query.hasNextPage && (
          <div className={classes.note}>
            <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              Older lines
            </Button>
          </div>
        )}
      </Panel>
    </>
  );
}

function NoLogs({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No line passes this filter" />;
  return (
    <Empty title="No log lines yet">
      <p>
        The hub reads <code>GET /api/logs</code> of the instance with each <code>instance</code> probe and keeps a copy.
        With the SDK one line sends what the product logs anyway:
      </p>
      <Snippet
        label="Send logs"
        code={`instance.logs.captureConsole();\n// or, with pino:\nconst log = pino({}, instance.logs.pinoStream());`}
      />
    </Empty>
  );
}
