import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { api, fieldReason } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note, Waiting } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';

const route = getRouteApi('/invite');

/** Whoever was handed an invitation makes their account. */
export default function Invite() {
  const { token = '' } = route.useSearch();
  const navigate = useNavigate();
  const look = useQuery({ queryKey: ['invite', token], queryFn: () => api.lookInvitation(token), retry: false });
  const accept = useMutation({
    mutationFn: api.acceptInvitation,
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ to: '/', replace: true });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    accept.mutate({ token, name: String(form.get('name')).trim(), password: String(form.get('password')) });
  };
  return (
    <Door title="Make your account">
      {look.isPending && <Waiting rows={3} what="the invitation" />}
      {look.isError && <Note tone="bad">{look.error.message}</Note>}
      {accept.isError && <Note tone="bad">{accept.error.message}</Note>}
      {look.data && (
        <form className={classes.form} onSubmit={submit}>
          <p className={classes.hint}>
            You are invited as {look.data.role}, under the address <strong>{look.data.email}</strong>.
          </p>
          <input type="hidden" autoComplete="username" value={look.data.email} readOnly />
          <TextInput
            label="Name"
            name="name"
            autoComplete="name"
            required
            autoFocus
            maxLength={120}
            size="sm"
            error={fieldReason(accept.error, 'name')}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="new-password"
            description="At least 12 characters; a few words are easier than symbols."
            required
            minLength={12}
            size="sm"
            error={fieldReason(accept.error, 'body.password')}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          />
          <Button type="submit" variant="filled" size="md" loading={accept.isPending}>
            Make the account
          </Button>
        </form>
      )}
    </Door>
  );
}
