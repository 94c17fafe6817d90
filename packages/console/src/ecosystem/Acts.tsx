import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { GraphNode } from '@orrery/protocol';
import { IconRefresh, IconShieldSearch } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useMay } from '../access/me.ts';
import { SWEEP } from '../actions/words.ts';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { nameOf } from './model.ts';

const RunAction = lazy(() => import('../actions/RunAction.tsx').then((part) => ({ default: part.RunAction })));
const Confirm = lazy(() => import('../settings/Confirm.tsx').then((part) => ({ default: part.Confirm })));

/** What can be done with a project from the map; each says first what it will do. */
export function Acts({ node }: { node: GraphNode }) {
  const may = useMay();
  const [asked, setAsked] = useState(false);
  const refresh = useMutation({
    mutationFn: () => api.refresh([node.id]),
    onSuccess: ({ results: [result] }) => {
      setAsked(false);
      void queryClient.invalidateQueries({ queryKey: ['graph'] });
      notifications.show({
        title:
          result?.status === 'refreshed' ? `${nameOf(node)} was looked at` : `${nameOf(node)} could not be refreshed`,
        message: result?.reason ?? 'Its probes ran and its endpoints were verified.',
      });
    },
  });
  if (!may('actions:run')) return null;
  return (
    <>
      <Sweep projects={[node.id]}>Security sweep…</Sweep>
      <Button leftSection={<IconRefresh size={14} />} onClick={() => setAsked(true)}>
        Refresh…
      </Button>
      {asked && (
        <Suspense>
          <Confirm
            title={`Refresh ${nameOf(node)}`}
            verb="Refresh"
            error={refresh.error}
            busy={refresh.isPending}
            onClose={() => setAsked(false)}
            onConfirm={() => refresh.mutate()}
          >
            The hub runs every probe of {nameOf(node)} now and verifies its endpoints. It only reads; nothing is changed
            there.
          </Confirm>
        </Suspense>
      )}
    </>
  );
}

/** Asks instances for a security sweep: a dry run shows who would be asked, then it is confirmed and followed. */
export function Sweep({ projects, children }: { projects?: readonly string[]; children: ReactNode }) {
  const may = useMay();
  const [asked, setAsked] = useState(false);
  if (!may('actions:run')) return null;
  return (
    <>
      <Button leftSection={<IconShieldSearch size={14} />} onClick={() => setAsked(true)}>
        {children}
      </Button>
      {asked && (
        <Suspense>
          <RunAction action={SWEEP} projects={projects} onClose={() => setAsked(false)} />
        </Suspense>
      )}
    </>
  );
}
