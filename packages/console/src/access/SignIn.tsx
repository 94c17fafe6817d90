import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';
import { safeNext } from './next.ts';

const route = getRouteApi('/admin/login');

export default function SignIn() {
  const { next } = route.useSearch();
  const navigate = useNavigate();
  const setup = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => api.setupState(signal) });
  const signIn = useMutation({
    mutationFn: api.signIn,
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ href: safeNext(next), replace: true });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ email: String(form.get('email')).trim(), password: String(form.get('password')) });
  };
  return (
    <Door title="Sign in">
      {setup.data?.needed && (
        <Note tone="none">
          Nobody has an account yet. Open the one-time link that the hub printed when it started, or run{' '}
          <code>orrery seed-admin</code>.
        </Note>
      )}
      {next && !signIn.isError && <p className={classes.hint}>Sign in to go on to {next.split('?')[0]}.</p>}
      {signIn.isError && <Note tone="bad">{signIn.error.message}</Note>}
      <form className={classes.form} onSubmit={submit}>
        <TextInput label="E-mail" name="email" type="email" autoComplete="username" required autoFocus size="sm" />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          size="sm"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        <Button type="submit" variant="filled" size="md" loading={signIn.isPending}>
          Sign in
        </Button>
      </form>
      <p className={classes.hint}>
        Locked out? <code>orrery seed-admin</code> on the hub's machine makes another administrator.
      </p>
    </Door>
  );
}
