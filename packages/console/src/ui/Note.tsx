import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../api.ts';
import { Age } from './Age.tsx';
import { Mark } from './Mark.tsx';
import classes from './Note.module.css';
import type { Tone } from './state.ts';

/** One line that says something about the place it stands in. */
export function Note({ tone, children, action }: { tone: Tone; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.note} data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
      <Mark tone={tone} />
      <div className={classes.text}>{children}</div>
      {action}
    </div>
  );
}

type Asked = {
  isError: boolean;
  isPending: boolean;
  isFetching: boolean;
  data: unknown;
  error: Error | null;
  dataUpdatedAt: number;
  refetch: () => unknown;
};

/** Whether asking again by itself can help. */
const lasting = (error: Error | null) => error instanceof ApiError && error.status >= 400 && error.status < 500;

/** Says what failed, what is still shown and how old it is; asks again by itself and on request. Nothing while all is well. */
export function QueryNote({ query, what }: { query: Asked; what: string }) {
  if (!query.isError) return null;
  const again = (
    <Button size="compact-xs" onClick={() => query.refetch()} loading={query.isFetching}>
      Try again
    </Button>
  );
  return (
    <Note tone={query.data === undefined ? 'bad' : 'warn'} action={again}>
      <strong>Could not load {what}.</strong> {query.error?.message}.{' '}
      {query.data !== undefined && (
        <>
          Showing what was known <Age at={new Date(query.dataUpdatedAt).toISOString()} />.{' '}
        </>
      )}
      {!lasting(query.error) && 'It is retried by itself.'}
    </Note>
  );
}

/** Grey rows while the first answer is on its way; they keep the place that the content will take. */
export function Waiting({ rows = 4, what }: { rows?: number; what: string }) {
  return (
    <div className={classes.waiting} role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same.
        <span key={row} className={classes.bone} />
      ))}
    </div>
  );
}
