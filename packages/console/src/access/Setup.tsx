import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';

const route = getRouteApi('/setup');
const SHORTEST = 12;

/** First run: whoever holds the printed link becomes the first administrator. */
export default function Setup() {
  const { token } = route.useSearch();
  const navigate = useNavigate();
  const [short, setShort] = useState(false);
  const state = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => api.setupState(signal) });
  const setup = useMutation({
    mutationFn: api.setup,
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ to: '/', replace: true });
    },
  });
  if (state.data && !state.data.needed && !setup.isPending && !setup.isSuccess)
    return (
      <Door title="Already set up">
        <p className={classes.hint}>
          This hub has its first administrator. <Link to="/admin/login">Sign in</Link>
        </p>
      </Door>
    );
  if (!token)
    return (
      <Door title="Set up Orrery">
        <p className={classes.hint}>
          This page needs the one-time token of the link that the hub printed when it started. Look for{' '}
          <code>/setup?token=…</code> in its output, or run <code>orrery seed-admin</code>.
        </p>
      </Door>
    );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '');
    setShort(text('password').length < SHORTEST);
    if (text('password').length < SHORTEST) return;
    setup.mutate({ token, name: text('name').trim(), email: text('email').trim(), password: text('password') });
  };
  const error = (field: string) => fieldReason(setup.error, field);
  return (
    <Door title="Set up Orrery">
      <p className={classes.hint}>You become the first administrator. Others can be added later.</p>
      {setup.isError && <Note tone="bad">{setup.error.message}</Note>}
      <form className={classes.form} onSubmit={submit}>
        <TextInput label="Name" name="name" autoComplete="name" required autoFocus size="sm" error={error('name')} />
        <TextInput
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          required
          size="sm"
          error={error('email')}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="new-password"
          description="At least 12 characters; a few words are easier than symbols."
          required
          size="sm"
          error={error('password') ?? (short && 'must have at least 12 characters')}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        <Button type="submit" variant="filled" size="md" loading={setup.isPending}>
          Create the administrator
        </Button>
      </form>
    </Door>
  );
}
