import { Button, Modal, NativeSelect, TextInput } from '@mantine/core';
import type { BudgetInput } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import settings from '../settings/Settings.module.css';
import { Note } from '../ui/Note.tsx';
import classes from './Ai.module.css';

const MATCH = ['tenant', 'project', 'key', 'user', 'model'] as const;

/** A budget of one's own: what it is about, how much, and what becomes of calls beyond it. */
export function NewBudget({ onClose }: { onClose: () => void }) {
  const create = useMutation({
    mutationFn: ({ name, ...body }: BudgetInput & { name: string }) => api.putAiBudget(name, body),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['ai', 'budgets'] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const number = (name: string) => (text(name) === '' ? undefined : Number(text(name)));
    const match = Object.fromEntries(MATCH.map((word) => [word, text(word)]).filter(([, value]) => value !== ''));
    create.mutate({
      name: text('name'),
      match,
      per: text('per') as BudgetInput['per'],
      over: text('over') as 'refuse' | 'local',
      ...(text('each') === '' ? {} : { each: text('each') as NonNullable<BudgetInput['each']> }),
      ...(number('costUsd') === undefined ? {} : { costUsd: number('costUsd') }),
      ...(number('tokens') === undefined ? {} : { tokens: number('tokens') }),
      ...(number('requests') === undefined ? {} : { requests: number('requests') }),
    });
  };
  const reason = (field: string) => fieldReason(create.error, `body.${field}`);
  return (
    <Modal opened onClose={onClose} title="New budget" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className={settings.stack} onSubmit={submit}>
        {create.isError && <Note tone="bad">{create.error.message}</Note>}
        <TextInput label="Name" name="name" required data-autofocus maxLength={63} error={reason('name')} />
        <div className={classes.row}>
          {MATCH.map((word) => (
            <TextInput
              key={word}
              label={word === 'key' ? 'Key id' : `${word[0]?.toUpperCase()}${word.slice(1)}`}
              name={word}
              placeholder="any"
              error={reason(`match.${word}`)}
            />
          ))}
        </div>
        <div className={classes.row}>
          <NativeSelect label="Per" name="per" data={['month', 'day', 'minute']} />
          <NativeSelect
            label="One for"
            name="each"
            data={[
              { value: '', label: 'all of these together' },
              ...MATCH.map((word) => ({ value: word, label: `each ${word}` })),
            ]}
          />
        </div>
        <div className={classes.row}>
          <TextInput label="US dollars" name="costUsd" type="number" step="any" min="0" error={reason('costUsd')} />
          <TextInput label="Tokens" name="tokens" type="number" min="1" error={reason('tokens')} />
          <TextInput label="Calls" name="requests" type="number" min="1" error={reason('requests')} />
        </div>
        <NativeSelect
          label="A call beyond it"
          name="over"
          data={[
            { value: 'refuse', label: 'is refused' },
            { value: 'local', label: 'goes to a local model' },
          ]}
        />
        <div className={settings.buttons}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="filled" loading={create.isPending}>
            Declare it
          </Button>
        </div>
      </form>
    </Modal>
  );
}
