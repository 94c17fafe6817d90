import { Button, Modal, NativeSelect } from '@mantine/core';
import type { KeyView } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import { OneTime } from '../ui/OneTime.tsx';
import classes from './Settings.module.css';

const OVERLAPS = [
  { value: '24', label: 'for a day' },
  { value: '1', label: 'for an hour' },
  { value: '168', label: 'for a week' },
  { value: '0', label: 'no longer' },
];

/** A new secret for a key; the old one goes on for as long as one chooses. */
export function RotateKey({ target, onClose }: { target: KeyView; onClose: () => void }) {
  const rotate = useMutation({
    mutationFn: (hours: number) => api.rotateKey(target.id, hours),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rotate.mutate(Number(new FormData(event.currentTarget).get('overlap')));
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Rotate ${target.name}`}
      closeOnClickOutside={!rotate.data}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {rotate.data ? (
        <div className={classes.stack}>
          <Note tone="warn">
            <strong>Copy it now; it is shown only once.</strong>
          </Note>
          <OneTime label="API key" value={rotate.data.key} />
          <div className={classes.buttons}>
            <Button variant="filled" onClick={onClose}>
              I have copied it
            </Button>
          </div>
        </div>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          {rotate.isError && <Note tone="bad">{rotate.error.message}</Note>}
          <NativeSelect label="The old secret counts" name="overlap" data={OVERLAPS} />
          <div className={classes.buttons}>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" loading={rotate.isPending}>
              Make the new secret
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
