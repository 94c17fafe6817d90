import { Button, Modal, NativeSelect, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { InvitationInput, InvitationView, Role, UserPatch, UserView } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { useMe } from '../access/me.ts';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Age } from '../ui/Age.tsx';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { OneTime } from '../ui/OneTime.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Confirm } from './Confirm.tsx';
import classes from './Settings.module.css';

const ROLES: Role[] = ['viewer', 'agent', 'operator', 'admin'];
type Act = { title: string; verb: string; says: string; run: () => Promise<unknown> };

const again = () =>
  Promise.all(['users', 'invitations'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));

function columnsFor(choose: (user: UserView) => void): Column<UserView>[] {
  return [
    { id: 'name', header: 'Name', cell: (row) => row.name, grow: true },
    { id: 'email', header: 'E-mail', cell: (row) => row.email, hide: 'phone' },
    {
      id: 'state',
      header: 'State',
      cell: (row) => (
        <State tone={row.disabledAt ? 'quiet' : 'ok'}>{row.disabledAt ? 'Shut out' : 'May come in'}</State>
      ),
    },
    { id: 'role', header: 'Role', cell: (row) => row.role },
    { id: 'tenant', header: 'Tenant', cell: (row) => row.tenant ?? 'staff', hide: 'tablet' },
    {
      id: 'factor',
      header: 'Comes by',
      cell: (row) => [...row.signIn, ...(row.secondFactor ? ['code'] : [])].join(', '),
      hide: 'tablet',
    },
    { id: 'seen', header: 'Last seen', cell: (row) => <Age at={row.lastSeenAt} />, hide: 'phone' },
    {
      id: 'act',
      header: '',
      align: 'right',
      cell: (row) => (
        <Button size="compact-xs" aria-label={`Change ${row.name}`} onClick={() => choose(row)}>
          Change
        </Button>
      ),
    },
  ];
}

export function Users() {
  const query = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => api.users(signal) });
  const [inviting, setInviting] = useState(false);
  const [chosen, setChosen] = useState<UserView>();
  const columns = useMemo(() => columnsFor(setChosen), []);
  return (
    <>
      <Panel
        title="People"
        note="who may sign in"
        tools={
          <Button variant="filled" onClick={() => setInviting(true)}>
            Invite
          </Button>
        }
        flush
      >
        <QueryNote query={query} what="the people" />
        {query.isPending && <Waiting rows={4} what="the people" />}
        {query.data && <DataTable label="People" columns={columns} rows={query.data.items} rowId={(row) => row.id} />}
      </Panel>
      <Invitations />
      {inviting && <Invite onClose={() => setInviting(false)} />}
      {chosen && <Change user={chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}

function Invitations() {
  const query = useQuery({ queryKey: ['invitations'], queryFn: ({ signal }) => api.invitations(signal) });
  const revoke = useMutation({ mutationFn: api.revokeInvitation, onSuccess: again });
  const columns: Column<InvitationView>[] = [
    { id: 'email', header: 'E-mail', cell: (row) => row.email, grow: true },
    { id: 'role', header: 'Role', cell: (row) => row.role },
    { id: 'tenant', header: 'Tenant', cell: (row) => row.tenant ?? 'staff', hide: 'tablet' },
    { id: 'by', header: 'Invited by', cell: (row) => row.invitedBy, hide: 'phone' },
    { id: 'until', header: 'Good until', cell: (row) => <Age at={row.expiresAt} />, hide: 'phone' },
    {
      id: 'act',
      header: '',
      align: 'right',
      cell: (row) => (
        <Button
          size="compact-xs"
          variant="danger"
          aria-label={`Revoke the invitation of ${row.email}`}
          onClick={() => revoke.mutate(row.id)}
        >
          Revoke
        </Button>
      ),
    },
  ];
  const open = query.data?.items.filter(({ state }) => state === 'open') ?? [];
  if (open.length === 0) return null;
  return (
    <Panel title="Open invitations" flush>
      {revoke.isError && <Note tone="bad">{revoke.error.message}</Note>}
      <DataTable label="Open invitations" columns={columns} rows={open} rowId={(row) => row.id} />
    </Panel>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const invite = useMutation({ mutationFn: (body: InvitationInput) => api.invite(body), onSuccess: again });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const tenant = String(form.get('tenant') ?? '').trim();
    invite.mutate({
      email: String(form.get('email')).trim(),
      role: String(form.get('role')) as Role,
      ...(tenant ? { tenant } : {}),
    });
  };
  const made = invite.data;
  const staff = useMe()?.tenant === null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? `Invitation of ${made.email}` : 'Invite somebody'}
      closeOnClickOutside={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made ? (
        <div className={classes.stack}>
          <Note tone="warn">
            <strong>Copy the link now; it is shown only once.</strong>{' '}
            {made.mailed
              ? 'A mail with a link of its own is on its way.'
              : 'No mail server is configured: hand it over.'}
          </Note>
          <OneTime label="Link" value={made.link} />
          <div className={classes.buttons}>
            <Button variant="filled" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          {invite.isError && <Note tone="bad">{invite.error.message}</Note>}
          <TextInput label="E-mail" name="email" type="email" required data-autofocus />
          <NativeSelect label="Role" name="role" data={ROLES} />
          {staff && (
            <TextInput
              label="Tenant"
              name="tenant"
              description="Empty for the operating company's own people."
              maxLength={64}
              error={fieldReason(invite.error, 'tenant')}
            />
          )}
          <div className={classes.buttons}>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" loading={invite.isPending}>
              Invite
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

/** What can be done to one person; each states what will happen first. */
function Change({ user, onClose }: { user: UserView; onClose: () => void }) {
  const [act, setAct] = useState<Act>();
  const [role, setRole] = useState<Role>(user.role);
  const [link, setLink] = useState<string>();
  const run = useMutation({
    mutationFn: (chosen: Act) => chosen.run(),
    onSuccess: async (_, { title }) => {
      setAct(undefined);
      notifications.show({ title: title.replace('?', ''), message: 'Done; the audit trail has it.' });
      await again();
    },
  });
  const patch = (change: UserPatch) => async () => {
    await api.changeUser(user.id, change);
    onClose();
  };
  const ends = 'Every session of theirs ends at once.';
  if (act)
    return (
      <Confirm
        title={act.title}
        verb={act.verb}
        error={run.error}
        busy={run.isPending}
        onClose={() => setAct(undefined)}
        onConfirm={() => run.mutate(act)}
      >
        {act.says}
      </Confirm>
    );
  const out = user.disabledAt === undefined;
  return (
    <Modal opened onClose={onClose} title={user.name} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.stack}>
        <p>{user.email}</p>
        {link && <OneTime label="Link to a new password, good for an hour" value={link} />}
        <div className={classes.row}>
          <NativeSelect
            label="Role"
            data={ROLES}
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as Role)}
          />
        </div>
        <div className={classes.buttons}>
          <Button
            disabled={role === user.role}
            onClick={() =>
              setAct({ title: `Make ${user.name} ${role}?`, verb: 'Change the role', says: ends, run: patch({ role }) })
            }
          >
            Change the role
          </Button>
          {user.signIn.includes('password') && out && (
            <Button
              onClick={() =>
                setAct({
                  title: `New password for ${user.name}?`,
                  verb: 'Make the link',
                  says: 'A link is made by which they set a new password, within an hour.',
                  run: async () => setLink((await api.resetLink(user.id)).link),
                })
              }
            >
              Reset the password
            </Button>
          )}
          {(user.secondFactor || user.signIn.includes('passkey')) && (
            <Button
              variant="danger"
              onClick={() =>
                setAct({
                  title: `Take the factors of ${user.name}?`,
                  verb: 'Take them',
                  says: `Second factor and passkeys are removed. ${ends}`,
                  run: async () => {
                    await api.clearFactors(user.id);
                    onClose();
                  },
                })
              }
            >
              Take factors
            </Button>
          )}
          <Button
            variant={out ? 'danger' : 'default'}
            onClick={() =>
              setAct({
                title: out ? `Shut ${user.name} out?` : `Let ${user.name} in again?`,
                verb: out ? 'Shut out' : 'Let in',
                says: out ? ends : 'They may sign in again as before.',
                run: patch({ disabled: out }),
              })
            }
          >
            {out ? 'Shut out' : 'Let in'}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
