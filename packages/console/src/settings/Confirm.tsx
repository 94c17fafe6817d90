import { Button, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { Note } from '../ui/Note.tsx';
import classes from './Settings.module.css';

type Props = {
  title: string;
  verb: string;
  children: ReactNode;
  error: Error | null;
  busy: boolean;
  onClose: () => void;
  onConfirm: () => void;
};

/** Says what will happen, to what, before it does. */
export function Confirm({ title, verb, children, error, busy, onClose, onConfirm }: Props) {
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.stack}>
        <p>{children}</p>
        {error && <Note tone="bad">{error.message}</Note>}
        <div className={classes.buttons}>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="danger" loading={busy} onClick={onConfirm}>
            {verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
