import { Button, Checkbox, Modal, NativeSelect, TextInput } from '@mantine/core';
import type { KeyInput, Role } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { useMe } from '../access/me.ts';
import { api, fieldReason } from '../api.ts';
import { projectsQuery, queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import { OneTime } from '../ui/OneTime.tsx';
import { Snippet } from '../ui/Snippet.tsx';
import classes from './Settings.module.css';

const ROLES: { value: Role; label: string }[] = [
  { value: 'operator', label: 'operator: sees operations, manages alerts, runs actions' },
  { value: 'viewer', label: 'viewer: sees leads' },
  { value: 'agent', label: 'agent: sees leads, runs AI' },
  { value: 'admin', label: 'admin: everything, configuration too' },
];
const LIVES = [
  { value: '', label: 'never' },
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in a year' },
];

export function NewKey({ onClose }: { onClose: () => void }) {
  const { data: projects } = useQuery(projectsQuery);
  const create = useMutation({
    mutationFn: (body: KeyInput) => api.createKey(body),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const days = Number(form.get('expires'));
    const tenant = String(form.get('tenant') ?? '').trim();
    const limited = form.getAll('projects').map(String);
    create.mutate({
      name: String(form.get('name')).trim(),
      role: String(form.get('role')) as Role,
      ...(limited.length > 0 ? { projects: limited } : {}),
      ...(tenant ? { tenant } : {}),
      ...(days > 0 ? { expiresInDays: days } : {}),
    });
  };
  const made = create.data;
  const staff = useMe()?.tenant === null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? `Key ${made.name}` : 'New API key'}
      closeOnClickOutside={!made}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made ? (
        <div className={classes.stack}>
          <Note tone="warn">
            <strong>Copy it now; it is shown only once.</strong> The hub keeps a digest of it and nothing more.
          </Note>
          <OneTime label="API key" value={made.key} />
          <Snippet label="Use the key" code={`curl -H 'x-api-key: ${made.key}' ${location.origin}/api/fed/projects`} />
          <div className={classes.buttons}>
            <Button variant="filled" onClick={onClose}>
              I have copied it
            </Button>
          </div>
        </div>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          {create.isError && <Note tone="bad">{create.error.message}</Note>}
          <TextInput
            label="Name"
            name="name"
            description="Who or what will use it."
            required
            data-autofocus
            maxLength={120}
            error={fieldReason(create.error, 'name')}
          />
          <NativeSelect label="Role" name="role" data={ROLES} error={fieldReason(create.error, 'role')} />
          <NativeSelect
            label="Expires"
            name="expires"
            data={LIVES}
            error={fieldReason(create.error, 'expiresInDays')}
          />
          {staff && (
            <TextInput
              label="Tenant"
              name="tenant"
              description="Empty for a key of the operating company itself."
              maxLength={64}
              error={fieldReason(create.error, 'tenant')}
            />
          )}
          {projects && projects.length > 0 && (
            <fieldset className={classes.choices}>
              <legend>Projects; none chosen means all</legend>
              {projects.map((project) => (
                <Checkbox key={project.slug} name="projects" value={project.slug} label={project.name} />
              ))}
            </fieldset>
          )}
          <div className={classes.buttons}>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" loading={create.isPending}>
              Create the key
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
