import { Button, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';

/** After the password: the code of the authenticator app, or one of the recovery codes. */
export function SecondStep({ onDone, onBack }: { onDone: () => Promise<void>; onBack: () => void }) {
  const [recovery, setRecovery] = useState(false);
  const step = useMutation({ mutationFn: (code: string) => api.secondStep(code, recovery), onSuccess: onDone });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    step.mutate(String(new FormData(event.currentTarget).get('code')).trim());
  };
  return (
    <Door title="One more step">
      {step.isError && <Note tone="bad">{step.error.message}</Note>}
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          key={recovery ? 'recovery' : 'code'}
          label={recovery ? 'Recovery code' : 'Code of your authenticator app'}
          name="code"
          autoComplete="one-time-code"
          inputMode={recovery ? 'text' : 'numeric'}
          required
          autoFocus
          minLength={6}
          maxLength={24}
          size="sm"
        />
        <Button type="submit" variant="filled" size="md" loading={step.isPending}>
          Go on
        </Button>
      </form>
      <Button variant="subtle" onClick={() => setRecovery(!recovery)}>
        {recovery ? 'Use the authenticator app' : 'Use a recovery code'}
      </Button>
      <Button variant="subtle" onClick={onBack}>
        Back
      </Button>
    </Door>
  );
}
