import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { api, fieldReason } from '../api.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';

const route = getRouteApi('/reset');

/** Without a token: asks for the mail. With the one of the mail: sets the password. */
export default function Reset() {
  const { token } = route.useSearch();
  return token ? <NewPassword token={token} /> : <Ask />;
}

function Ask() {
  const ask = useMutation({ mutationFn: api.forgotPassword });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    ask.mutate(String(new FormData(event.currentTarget).get('email')).trim());
  };
  return (
    <Door title="A new password">
      {ask.isError && <Note tone="bad">{ask.error.message}</Note>}
      {ask.isSuccess ? (
        <Note tone="ok">
          If the address has an account here, a mail with a link is on its way. It is good for an hour.
        </Note>
      ) : (
        <form className={classes.form} onSubmit={submit}>
          <TextInput label="E-mail" name="email" type="email" autoComplete="username" required autoFocus size="sm" />
          <Button type="submit" variant="filled" size="md" loading={ask.isPending}>
            Send the link
          </Button>
        </form>
      )}
      <p className={classes.hint}>
        <Link to="/admin/login">Back to sign in</Link>
      </p>
    </Door>
  );
}

function NewPassword({ token }: { token: string }) {
  const set = useMutation({ mutationFn: (password: string) => api.resetPassword(token, password) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    set.mutate(String(new FormData(event.currentTarget).get('password')));
  };
  return (
    <Door title="A new password">
      {set.isError && <Note tone="bad">{set.error.message}</Note>}
      {set.isSuccess ? (
        <>
          <Note tone="ok">The password is set. Every session from before has ended.</Note>
          <p className={classes.hint}>
            <Link to="/admin/login">Sign in</Link>
          </p>
        </>
      ) : (
        <form className={classes.form} onSubmit={submit}>
          <PasswordInput
            label="New password"
            name="password"
            autoComplete="new-password"
            description="At least 12 characters; a few words are easier than symbols."
            required
            minLength={12}
            autoFocus
            size="sm"
            error={fieldReason(set.error, 'body.password')}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          />
          <Button type="submit" variant="filled" size="md" loading={set.isPending}>
            Set the password
          </Button>
        </form>
      )}
    </Door>
  );
}
