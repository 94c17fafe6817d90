import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { KeyView } from '@orrery/protocol';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api } from '../api.ts';
import { keysQuery, queryClient } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { State } from '../ui/Mark.tsx';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import { Confirm } from './Confirm.tsx';
import { NewKey } from './NewKey.tsx';
import { RotateKey } from './RotateKey.tsx';
import classes from './Settings.module.css';

export function keyState(key: KeyView, now: number) {
  if (key.revokedAt) return { tone: 'quiet', word: 'Revoked' } as const;
  if (key.expiresAt && Date.parse(key.expiresAt) <= now) return { tone: 'quiet', word: 'Expired' } as const;
  return { tone: 'ok', word: 'Valid' } as const;
}

function columnsFor(revoke: (key: KeyView) => void, rotate: (key: KeyView) => void): Column<KeyView>[] {
  return [
    { id: 'name', header: 'Name', cell: (row) => row.name, grow: true },
    {
      id: 'state',
      header: 'State',
      cell: (row) => {
        const { tone, word } = keyState(row, Date.now());
        return <State tone={tone}>{word}</State>;
      },
    },
    { id: 'prefix', header: 'Begins with', cell: (row) => <code>{row.prefix}</code>, hide: 'phone' },
    { id: 'role', header: 'Role', cell: (row) => row.role },
    {
      id: 'projects',
      header: 'Projects',
      cell: (row) => (row.projects === 'all' ? 'all' : row.projects.join(', ')),
      hide: 'tablet',
    },
    { id: 'tenant', header: 'Tenant', cell: (row) => row.tenant ?? 'staff', hide: 'tablet' },
    { id: 'used', header: 'Last used', cell: (row) => <Age at={row.lastUsedAt} />, hide: 'phone' },
    {
      id: 'expires',
      header: 'Expires',
      cell: (row) => (row.expiresAt ? <Age at={row.expiresAt} /> : 'never'),
      hide: 'tablet',
    },
    { id: 'by', header: 'Made by', cell: (row) => row.createdBy, hide: 'laptop' },
    {
      id: 'act',
      header: '',
      align: 'right',
      cell: (row) =>
        keyState(row, Date.now()).word === 'Valid' && (
          <div className={classes.row}>
            <Button size="compact-xs" aria-label={`Rotate ${row.name}`} onClick={() => rotate(row)}>
              Rotate
            </Button>
            <Button size="compact-xs" variant="danger" aria-label={`Revoke ${row.name}`} onClick={() => revoke(row)}>
              Revoke
            </Button>
          </div>
        ),
    },
  ];
}

export function Keys() {
  const query = useQuery(keysQuery);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<KeyView>();
  const [rotating, setRotating] = useState<KeyView>();
  const columns = useMemo(() => columnsFor(setRevoking, setRotating), []);
  const revoke = useMutation({
    mutationFn: (key: KeyView) => api.revokeKey(key.id),
    onSuccess: (_, key) => {
      setRevoking(undefined);
      notifications.show({ title: `${key.name} was revoked`, message: 'Requests with it are refused from now on.' });
      return queryClient.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  const items = query.data?.items;
  return (
    <Panel
      title="API keys"
      note="for scripts, the command line and other machines"
      tools={
        <Button variant="filled" leftSection={<IconPlus size={14} />} onClick={() => setMaking(true)}>
          New key
        </Button>
      }
      flush
    >
      <QueryNote query={query} what="the keys" />
      {query.isPending && <Waiting rows={4} what="the keys" />}
      {items?.length === 0 && (
        <Empty title="No keys yet">
          <p>A key has a role and may be limited to some projects. It is sent as a header:</p>
          <Snippet
            label="Use a key"
            code={`curl -H 'x-api-key: YOUR_KEY' ${location.origin}/api/fed/alerts?status=open`}
          />
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="API keys" columns={columns} rows={items} rowId={(row) => row.id} />
      )}
      {rotating && <RotateKey target={rotating} onClose={() => setRotating(undefined)} />}
      {making && <NewKey onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          verb="Revoke the key"
          error={revoke.error}
          busy={revoke.isPending}
          onClose={() => {
            revoke.reset();
            setRevoking(undefined);
          }}
          onConfirm={() => revoke.mutate(revoking)}
        >
          Everything that uses <code>{revoking.prefix}…</code> is refused at once. This cannot be undone; a new key can
          be made.
        </Confirm>
      )}
    </Panel>
  );
}
