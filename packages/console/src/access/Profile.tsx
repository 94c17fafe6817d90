import { Button, Modal, PasswordInput, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, type SessionItem } from '../api.ts';
import { Page } from '../desk/Page.tsx';
import { queryClient } from '../queries.ts';
import classes from '../settings/Settings.module.css';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { addPasskey, canPasskey } from './passkey.ts';
import { SecondFactor } from './SecondFactor.tsx';

/** The signed-in person's own account: password, second factor, passkeys, sessions. */
export default function Profile() {
  const profile = useQuery({ queryKey: ['profile'], queryFn: ({ signal }) => api.profile(signal) });
  return (
    <Page title="Your account">
      <QueryNote query={profile} what="your account" />
      <div className={classes.cards}>
        {profile.data?.password && <Password />}
        {profile.data?.password && <SecondFactor on={profile.data.secondFactor} />}
        <Passkeys />
      </div>
      <Sessions />
    </Page>
  );
}

function Password() {
  const [pending, setPending] = useState(false);
  const change = useMutation({
    mutationFn: api.changePassword,
    onSuccess: (answer) => {
      setPending('secondFactor' in answer);
      notifications.show({ title: 'The password is changed', message: 'Every other session has ended.' });
      return queryClient.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate({ currentPassword: String(form.get('current')), newPassword: String(form.get('new')) });
  };
  return (
    <Panel title="Password">
      <form className={classes.stack} onSubmit={submit}>
        {change.isError && <Note tone="bad">{change.error.message}</Note>}
        {pending && <Note tone="warn">Sign in again with your code.</Note>}
        <PasswordInput
          label="Current password"
          name="current"
          autoComplete="current-password"
          required
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the current password' }}
        />
        <PasswordInput
          label="New password"
          name="new"
          autoComplete="new-password"
          required
          minLength={12}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the new password' }}
        />
        <div className={classes.buttons}>
          <Button type="submit" loading={change.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Passkeys() {
  const [naming, setNaming] = useState(false);
  const query = useQuery({ queryKey: ['passkeys'], queryFn: ({ signal }) => api.passkeys(signal) });
  const again = () => queryClient.invalidateQueries({ queryKey: ['passkeys'] });
  const remove = useMutation({ mutationFn: api.removePasskey, onSuccess: again });
  const add = useMutation({
    mutationFn: addPasskey,
    onSuccess: () => {
      setNaming(false);
      return again();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(String(new FormData(event.currentTarget).get('name')).trim());
  };
  return (
    <Panel title="Passkeys" note="sign in without a password">
      <div className={classes.stack}>
        <QueryNote query={query} what="the passkeys" />
        {query.data?.items.length === 0 && <p>None yet.</p>}
        {query.data?.items.map((item) => (
          <div key={item.id} className={classes.row}>
            <span>
              {item.name} {item.createdAt && <Age at={item.createdAt} />}
            </span>
            <Button
              size="compact-xs"
              variant="danger"
              aria-label={`Remove ${item.name}`}
              onClick={() => remove.mutate(item.id)}
            >
              Remove
            </Button>
          </div>
        ))}
        {!canPasskey() && (
          <Note tone="none">This browser cannot make passkeys at this address; it takes HTTPS and a name.</Note>
        )}
        {canPasskey() && (
          <div className={classes.buttons}>
            <Button onClick={() => setNaming(true)}>Add a passkey</Button>
          </div>
        )}
      </div>
      {naming && (
        <Modal
          opened
          onClose={() => setNaming(false)}
          title="Add a passkey"
          closeButtonProps={{ 'aria-label': 'Close' }}
        >
          <form className={classes.stack} onSubmit={submit}>
            {add.isError && <Note tone="bad">{add.error.message}</Note>}
            <TextInput label="Name" name="name" description="Where it lives." required maxLength={60} data-autofocus />
            <div className={classes.buttons}>
              <Button onClick={() => setNaming(false)}>Cancel</Button>
              <Button type="submit" variant="filled" loading={add.isPending}>
                Make the passkey
              </Button>
            </div>
          </form>
        </Modal>
      )}
    </Panel>
  );
}

function Sessions() {
  const query = useQuery({ queryKey: ['sessions'], queryFn: ({ signal }) => api.sessions(signal) });
  const end = useMutation({
    mutationFn: api.endSession,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['sessions'] }),
  });
  const columns: Column<SessionItem>[] = [
    { id: 'browser', header: 'Browser', cell: (row) => row.userAgent || 'unknown', grow: true },
    { id: 'state', header: 'State', cell: (row) => row.current && <State tone="ok">This one</State> },
    { id: 'from', header: 'From', cell: (row) => row.ipAddress ?? '', hide: 'phone' },
    { id: 'since', header: 'Since', cell: (row) => <Age at={row.createdAt} />, hide: 'phone' },
    {
      id: 'act',
      header: '',
      align: 'right',
      cell: (row) =>
        !row.current && (
          <Button size="compact-xs" variant="danger" onClick={() => end.mutate(row.id)}>
            End
          </Button>
        ),
    },
  ];
  return (
    <Panel title="Sessions" flush>
      <QueryNote query={query} what="the sessions" />
      {end.isError && <Note tone="bad">{end.error.message}</Note>}
      {query.data && <DataTable label="Sessions" columns={columns} rows={query.data.items} rowId={(row) => row.id} />}
    </Panel>
  );
}
