import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { TenantView } from '@orrery/protocol';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { useMe } from '../access/me.ts';
import { api, fieldReason } from '../api.ts';
import { projectsQuery, queryClient } from '../queries.ts';
import { type Column, DataTable } from '../ui/DataTable.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { Panel } from '../ui/Panel.tsx';
import { Confirm } from './Confirm.tsx';
import classes from './Settings.module.css';

const again = () =>
  Promise.all(['tenants', 'projects'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
const words = (value: FormDataEntryValue | null) =>
  String(value ?? '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
const tierOf = ({ tier, platform }: TenantView) =>
  tier === undefined ? 'none' : platform === undefined ? String(tier) : `${tier} · ${platform}`;

function columnsFor(change: ((tenant: TenantView) => void) | undefined): Column<TenantView>[] {
  return [
    { id: 'name', header: 'Name', cell: (row) => row.name, grow: true },
    { id: 'id', header: 'Id', cell: (row) => <code>{row.id}</code>, hide: 'phone' },
    { id: 'tier', header: 'Tier', cell: tierOf },
    { id: 'features', header: 'Features', cell: (row) => row.features.join(', '), hide: 'tablet' },
    { id: 'projects', header: 'Projects', cell: (row) => row.projects.join(', ') || 'none', hide: 'phone' },
    {
      id: 'declared',
      header: 'Declared in',
      cell: ({ declaredIn: { source, ref } }) =>
        source === 'file' ? (
          <span className={classes.lock}>
            <IconLock size={13} aria-hidden="true" /> {ref ?? 'orrery.yaml'}
          </span>
        ) : (
          `here${ref ? `, by ${ref}` : ''}`
        ),
      hide: 'laptop',
    },
    {
      id: 'act',
      header: '',
      align: 'right',
      cell: (row) =>
        change && (
          <Button size="compact-xs" aria-label={`Change ${row.name}`} onClick={() => change(row)}>
            Change
          </Button>
        ),
    },
  ];
}

/** Customers and business units: what they have bought, what is switched on for them and what is assigned to them. */
export function Tenants() {
  const query = useQuery({ queryKey: ['tenants'], queryFn: ({ signal }) => api.tenants(signal) });
  const [making, setMaking] = useState(false);
  const [chosen, setChosen] = useState<TenantView>();
  const me = useMe();
  // What a tenant has is not its own to say; a key's limits keep it out as well.
  const staff = me?.tenant === null && me.projects === 'all';
  const columns = useMemo(() => columnsFor(staff ? setChosen : undefined), [staff]);
  const items = query.data?.items;
  return (
    <Panel
      title="Tenants"
      note="whose people see what is assigned to them, and nothing else"
      tools={
        staff && (
          <Button variant="filled" leftSection={<IconPlus size={14} />} onClick={() => setMaking(true)}>
            New tenant
          </Button>
        )
      }
      flush
    >
      <QueryNote query={query} what="the tenants" />
      {query.isPending && <Waiting rows={2} what="the tenants" />}
      {items?.length === 0 && (
        <Empty title="No tenants yet">
          <p>
            Everybody is of the operating company. A tenant's people, keys and tokens see the projects assigned to it.
          </p>
        </Empty>
      )}
      {items && items.length > 0 && (
        <DataTable label="Tenants" columns={columns} rows={items} rowId={(row) => row.id} />
      )}
      {making && <Edit onClose={() => setMaking(false)} />}
      {chosen && <Edit tenant={chosen} onClose={() => setChosen(undefined)} />}
    </Panel>
  );
}

/** A new tenant, or what one has. Of one that a file declares only the projects are changed here. */
function Edit({ tenant, onClose }: { tenant?: TenantView; onClose: () => void }) {
  const { data: projects } = useQuery(projectsQuery);
  const [removing, setRemoving] = useState(false);
  const locked = tenant?.declaredIn.source === 'file';
  const save = useMutation({
    mutationFn: async (form: FormData) => {
      const id = tenant?.id ?? String(form.get('id')).trim();
      const name = String(form.get('name') ?? '').trim();
      const tier = Number(form.get('tier')) || undefined;
      const features = words(form.get('features'));
      const named = name === '' ? {} : { name };
      if (!tenant) await api.createTenant({ id, ...named, ...(tier ? { tier } : {}), features });
      else if (!locked) await api.changeTenant(id, { ...named, tier: tier ?? null, features });
      const wanted = new Set(form.getAll('projects').map(String));
      const had = new Set(tenant?.projects);
      for (const slug of wanted) if (!had.has(slug)) await api.assignProject(slug, id);
      for (const slug of had) if (!wanted.has(slug)) await api.assignProject(slug, null);
    },
    onSuccess: onClose,
    // Of several steps the first may have been done.
    onSettled: again,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.removeTenant(id),
    onSuccess: async () => {
      onClose();
      notifications.show({ title: `${tenant?.name} was removed`, message: 'The audit trail has it.' });
      await again();
    },
  });
  if (tenant && removing)
    return (
      <Confirm
        title={`Remove ${tenant.name}?`}
        verb="Remove the tenant"
        error={remove.error}
        busy={remove.isPending}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate(tenant.id)}
      >
        Only a tenant without projects, people and keys can be removed.
      </Confirm>
    );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={tenant ? tenant.name : 'New tenant'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className={classes.stack} onSubmit={submit}>
        {save.isError && <Note tone="bad">{save.error.message}</Note>}
        {locked && (
          <Note tone="warn">
            Declared in {tenant.declaredIn.ref ?? 'orrery.yaml'}: name, tier and features are changed there.
          </Note>
        )}
        {!tenant && (
          <TextInput
            label="Id"
            name="id"
            description="Its stable name: what tenant_id of a token says."
            required
            data-autofocus
            maxLength={64}
            error={fieldReason(save.error, 'id')}
          />
        )}
        <TextInput
          label="Name"
          name="name"
          defaultValue={tenant?.name}
          disabled={locked}
          maxLength={120}
          error={fieldReason(save.error, 'name')}
        />
        <TextInput
          label="Tier"
          name="tier"
          type="number"
          description="A whole number; empty for none."
          defaultValue={tenant?.tier}
          disabled={locked}
          min={1}
          max={999}
          error={fieldReason(save.error, 'tier')}
        />
        <TextInput
          label="Features"
          name="features"
          description="Separated by commas; no-ai switches AI off."
          defaultValue={tenant?.features.join(', ')}
          disabled={locked}
          error={fieldReason(save.error, 'features')}
        />
        {projects && projects.length > 0 && (
          <fieldset className={classes.choices}>
            <legend>Projects; what is of another tenant moves here</legend>
            {projects.map(({ slug, name }) => (
              <Checkbox
                key={slug}
                name="projects"
                value={slug}
                label={name}
                defaultChecked={tenant?.projects.includes(slug) ?? false}
              />
            ))}
          </fieldset>
        )}
        <div className={classes.buttons}>
          {tenant && !locked && (
            <Button variant="danger" onClick={() => setRemoving(true)}>
              Remove
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={save.isPending}>
            {tenant ? 'Save' : 'Create the tenant'}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
