import { Button, Modal, NativeSelect, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { AlertMatch, SilenceInput } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Alerts.module.css';
import { listOf, matchInWords } from './match.ts';

const LASTS = [
  { value: '30m', label: '30 minutes' },
  { value: '2h', label: '2 hours' },
  { value: '8h', label: '8 hours' },
  { value: '1d', label: 'a day' },
  { value: '7d', label: 'a week' },
];

type Props = { onClose: () => void; preset?: Pick<AlertMatch, 'projects' | 'services'> };

/** Says of what nobody is to be told, for how long, and why. */
export function NewSilence({ onClose, preset = {} }: Props) {
  const create = useMutation({
    mutationFn: (body: SilenceInput) => api.createSilence(body),
    onSuccess: (silence) => {
      notifications.show({ title: 'Silenced', message: `Nobody is told of ${matchInWords(silence.match)} for now.` });
      onClose();
      return Promise.all(
        ['silences', 'alerts', 'alert'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
      );
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const severity = String(form.get('severity'));
    const match = {
      projects: listOf(form.get('projects')),
      services: listOf(form.get('services')),
      titles: listOf(form.get('titles')),
      ...(severity === '' ? {} : { severities: [severity as 'critical'] }),
    };
    create.mutate({ match, reason: String(form.get('reason')).trim(), for: String(form.get('for')) });
  };
  return (
    <Modal opened onClose={onClose} title="New silence" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className={classes.form} onSubmit={submit}>
        {create.isError && <Note tone="bad">{create.error.message}</Note>}
        <TextInput
          label="Projects"
          name="projects"
          description="Slugs with commas between them; * stands for anything."
          defaultValue={preset.projects?.join(', ') ?? ''}
          error={fieldReason(create.error, 'body.match.projects')}
        />
        <TextInput
          label="Services"
          name="services"
          description="api, or veria/api."
          defaultValue={preset.services?.join(', ') ?? ''}
          error={fieldReason(create.error, 'body.match.services')}
        />
        <TextInput
          label="Titles"
          name="titles"
          description="*disk* fits every title with disk in it."
          error={fieldReason(create.error, 'body.match.titles')}
        />
        <NativeSelect
          label="Severity"
          name="severity"
          data={[
            { value: '', label: 'any' },
            { value: 'critical', label: 'critical' },
            { value: 'warning', label: 'warning' },
            { value: 'info', label: 'info' },
          ]}
        />
        <TextInput
          label="Reason"
          name="reason"
          required
          maxLength={500}
          data-autofocus
          error={fieldReason(create.error, 'body.reason')}
        />
        <NativeSelect label="Lasts" name="for" data={LASTS} defaultValue="2h" />
        <div className={classes.buttons}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={create.isPending}>
            Silence
          </Button>
        </div>
      </form>
    </Modal>
  );
}
