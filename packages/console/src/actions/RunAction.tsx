import { Button, Modal } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { plural } from '../ui/format.ts';
import { Note, Waiting } from '../ui/Note.tsx';
import classes from './Actions.module.css';
import { Results } from './Results.tsx';
import { nameOfAction } from './words.ts';

type Props = {
  /** As the hub or the instances know it: `fed.audit.security.sweep`, `cache.clear`. */
  action: string;
  /** Slugs; all that may be seen when absent. */
  projects?: readonly string[] | undefined;
  onClose: () => void;
};

/** Says by a dry run who would be asked for an action and who would not, asks them when it is confirmed, and shows what came of it. */
export function RunAction({ action, projects, onClose }: Props) {
  const input = { action, ...(projects ? { projects: [...projects] } : {}) };
  const dry = useQuery({
    queryKey: ['actions', 'dry', input],
    queryFn: () => api.runAction({ ...input, dryRun: true }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    retry: false,
  });
  const run = useMutation({
    mutationFn: () => api.runAction({ ...input, dryRun: false }),
    onSettled: () =>
      queryClient.invalidateQueries({ queryKey: ['actions'], predicate: ({ queryKey }) => queryKey[1] !== 'dry' }),
  });
  const follow = useQuery({
    queryKey: ['actions', 'one', run.data?.requestId],
    queryFn: ({ signal }) => api.action(run.data?.requestId ?? '', signal),
    enabled: run.data !== undefined && run.data.finishedAt === null,
    refetchInterval: ({ state }) => (state.data && state.data.finishedAt !== null ? false : 1000),
  });
  const shown = follow.data ?? run.data;
  const sendable = dry.data?.counts.sent ?? 0;
  const name = nameOfAction(action);
  return (
    <Modal
      opened
      onClose={onClose}
      title={shown ? `${name}: what came of it` : `${name}: what will happen`}
      size="xl"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className={classes.stack}>
        {!shown && dry.isPending && <Waiting rows={3} what="the dry run" />}
        {dry.isError && <Note tone="bad">{dry.error.message}</Note>}
        {!shown && dry.data && (
          <>
            <p>
              {sendable === 0 ? (
                'Nothing would be sent.'
              ) : (
                <>
                  A signed request for <strong>{dry.data.instanceAction}</strong> goes to {plural(sendable, 'instance')}
                  ; each does it once and registers a run of its own.
                </>
              )}{' '}
              Nothing has been sent yet.
            </p>
            <div className={classes.scroll}>
              <Results results={dry.data.results} dryRun />
            </div>
          </>
        )}
        {run.isError && <Note tone="bad">{run.error.message}</Note>}
        {shown && (
          <>
            <p role="status">
              {shown.finishedAt === null ? 'Runs are still under way; this view follows them. ' : 'All is settled. '}
              {shown.counts.sent} sent, {shown.counts.denied} not allowed, {shown.counts.failed} failed.
            </p>
            <div className={classes.scroll}>
              <Results results={shown.results} />
            </div>
          </>
        )}
        <div className={classes.buttons}>
          <Button onClick={onClose}>{shown ? 'Close' : 'Cancel'}</Button>
          {shown ? (
            <Button
              variant="filled"
              onClick={onClose}
              renderRoot={(props) => (
                <Link {...props} to="/projects" search={{ tab: 'actions', request: shown.requestId }} />
              )}
            >
              Open in the history
            </Button>
          ) : (
            <Button
              variant="filled"
              disabled={sendable === 0 || dry.isError}
              loading={run.isPending}
              onClick={() => run.mutate()}
            >
              {sendable === 0 ? 'Send' : `Send to ${plural(sendable, 'instance')}`}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  );
}
