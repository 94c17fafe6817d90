import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { encode } from 'uqr';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import classes from '../settings/Settings.module.css';
import { State } from '../ui/Mark.tsx';
import { Note } from '../ui/Note.tsx';
import { OneTime } from '../ui/OneTime.tsx';
import { Panel } from '../ui/Panel.tsx';

/** The second factor of the signed-in person: on by the password and a first code, off by the password. */
export function SecondFactor({ on }: { on: boolean }) {
  const [codes, setCodes] = useState<readonly string[]>();
  const again = () => queryClient.invalidateQueries({ queryKey: ['profile'] });
  const begin = useMutation({ mutationFn: api.beginSecondFactor, onSuccess: (made) => setCodes(made.recoveryCodes) });
  const confirm = useMutation({
    mutationFn: api.confirmSecondFactor,
    onSuccess: () => {
      begin.reset();
      return again();
    },
  });
  const disable = useMutation({
    mutationFn: api.disableSecondFactor,
    onSuccess: () => {
      setCodes(undefined);
      return again();
    },
  });
  const fresh = useMutation({ mutationFn: api.newRecoveryCodes, onSuccess: (made) => setCodes(made.recoveryCodes) });
  const withPassword = (work: (password: string) => void) => (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    work(String(new FormData(event.currentTarget).get('password')));
  };
  const submitCode = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    confirm.mutate(String(new FormData(event.currentTarget).get('code')).trim());
  };
  const error = begin.error ?? confirm.error ?? disable.error ?? fresh.error;
  const password = (
    <PasswordInput
      label="Your password"
      name="password"
      autoComplete="current-password"
      required
      visibilityToggleButtonProps={{ 'aria-label': 'Show or hide your password' }}
    />
  );
  return (
    <Panel title="Second factor" note="codes of an authenticator app">
      <div className={classes.stack}>
        <State tone={on ? 'ok' : 'quiet'}>{on ? 'On' : 'Off'}</State>
        {error && <Note tone="bad">{error.message}</Note>}
        {codes && on && (
          <Note tone="warn">
            <strong>Keep your recovery codes.</strong> Each lets you in once, without the phone:{' '}
            <code>{codes.join(' ')}</code>
          </Note>
        )}
        {!on && !begin.data && (
          <form className={classes.stack} onSubmit={withPassword(begin.mutate)}>
            {password}
            <div className={classes.buttons}>
              <Button type="submit" loading={begin.isPending}>
                Set it up
              </Button>
            </div>
          </form>
        )}
        {!on && begin.data && (
          <form className={classes.stack} onSubmit={submitCode}>
            <p>Scan this with an authenticator app, then enter the code that it shows.</p>
            <QrCode text={begin.data.uri} />
            <OneTime label="Or enter the secret" value={new URL(begin.data.uri).searchParams.get('secret') ?? ''} />
            <TextInput
              label="Code"
              name="code"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              minLength={6}
              maxLength={6}
            />
            <div className={classes.buttons}>
              <Button type="submit" variant="filled" loading={confirm.isPending}>
                Switch it on
              </Button>
            </div>
          </form>
        )}
        {on && (
          <form className={classes.stack} onSubmit={withPassword(fresh.mutate)}>
            {password}
            <div className={classes.buttons}>
              <Button
                variant="danger"
                loading={disable.isPending}
                onClick={(event) => {
                  const form = event.currentTarget.form;
                  if (form?.reportValidity()) disable.mutate(String(new FormData(form).get('password')));
                }}
              >
                Switch it off
              </Button>
              <Button type="submit" loading={fresh.isPending}>
                New recovery codes
              </Button>
            </div>
          </form>
        )}
      </div>
    </Panel>
  );
}

/** Black on white whatever the theme: cameras expect it so. */
function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(text, { border: 2 });
    const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
    return { size, path };
  }, [text]);
  return (
    <svg width="180" height="180" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code of the secret">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
