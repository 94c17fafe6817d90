import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, fieldReason, type MaintenanceInput } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import { Segments } from '../ui/Segments.tsx';
import classes from './Alerts.module.css';
import { listOf } from './match.ts';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** What a name may hold, from what a person calls it. */
const nameOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || `maintenance-${Date.now().toString(36)}`;
const utc = (local: FormDataEntryValue | null): string => {
  const at = new Date(String(local));
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
};

/** Says when trouble is expected, and where. */
export function NewMaintenance({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<'once' | 'again'>('once');
  const create = useMutation({
    mutationFn: (body: MaintenanceInput) => api.createMaintenance(body),
    onSuccess: (made) => {
      notifications.show({ title: 'Planned', message: `${made.title} is known to everybody who looks.` });
      onClose();
      return queryClient.invalidateQueries({ queryKey: ['maintenance'] });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const title = String(form.get('title')).trim();
    const projects = listOf(form.get('projects'));
    const services = listOf(form.get('services'));
    const match = { ...(projects ? { projects } : {}), ...(services ? { services } : {}) };
    create.mutate({
      name: nameOf(title),
      title,
      match,
      public: form.get('public') !== null,
      ...(kind === 'once'
        ? { from: utc(form.get('from')), until: utc(form.get('until')) }
        : {
            cron: String(form.get('cron')).trim(),
            timeZone: String(form.get('timeZone')).trim(),
            lasts: String(form.get('lasts')).trim(),
          }),
    });
  };
  return (
    <Modal opened onClose={onClose} title="Plan maintenance" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className={classes.form} onSubmit={submit}>
        {create.isError && <Note tone="bad">{create.error.message}</Note>}
        <TextInput
          label="Title"
          name="title"
          required
          maxLength={200}
          data-autofocus
          error={fieldReason(create.error, 'body.title')}
        />
        <TextInput label="Projects" name="projects" description="Slugs with commas between them; none means all." />
        <TextInput label="Services" name="services" description="api, or veria/api; none means all." />
        <div>
          <Segments<'once' | 'again'>
            label="How often"
            value={kind}
            onChange={setKind}
            options={[
              { value: 'once', label: 'Once' },
              { value: 'again', label: 'Again and again' },
            ]}
          />
        </div>
        {kind === 'once' ? (
          <>
            <TextInput
              label="From"
              name="from"
              type="datetime-local"
              required
              error={fieldReason(create.error, 'body.from')}
            />
            <TextInput
              label="Until"
              name="until"
              type="datetime-local"
              required
              error={fieldReason(create.error, 'body.until')}
            />
          </>
        ) : (
          <>
            <TextInput
              label="Begins"
              name="cron"
              description="A cron expression: 0 2 * * sun is Sundays at two."
              required
              placeholder="0 2 * * sun"
              error={fieldReason(create.error, 'body.cron')}
            />
            <TextInput
              label="Time zone"
              name="timeZone"
              defaultValue={zone}
              required
              error={fieldReason(create.error, 'body.timeZone')}
            />
            <TextInput
              label="Lasts"
              name="lasts"
              defaultValue="1h"
              required
              error={fieldReason(create.error, 'body.lasts')}
            />
          </>
        )}
        <Checkbox
          label="Show it on status pages"
          description="Anybody reads its title there; without, it shows here alone."
          name="public"
        />
        <div className={classes.buttons}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={create.isPending}>
            Plan it
          </Button>
        </div>
      </form>
    </Modal>
  );
}
