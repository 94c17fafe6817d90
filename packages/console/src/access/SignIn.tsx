import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, urlOf } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Note } from '../ui/Note.tsx';
import classes from './Door.module.css';
import { Door } from './Door.tsx';
import { safeNext } from './next.ts';
import { canPasskey, signInByPasskey } from './passkey.ts';
import { SecondStep } from './SecondStep.tsx';

const route = getRouteApi('/admin/login');

export default function SignIn() {
  const { next, failed } = route.useSearch();
  const navigate = useNavigate();
  const [pending, setPending] = useState(false);
  const setup = useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => api.setupState(signal) });
  const ways = useQuery({ queryKey: ['ways'], queryFn: ({ signal }) => api.signInWays(signal) });
  const enter = async () => {
    queryClient.clear();
    await navigate({ href: safeNext(next), replace: true });
  };
  const signIn = useMutation({
    mutationFn: api.signIn,
    onSuccess: (answer) => ('secondFactor' in answer ? setPending(true) : enter()),
  });
  const passkey = useMutation({ mutationFn: signInByPasskey, onSuccess: enter });
  if (pending) return <SecondStep onDone={enter} onBack={() => setPending(false)} />;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn.mutate({ email: String(form.get('email')).trim(), password: String(form.get('password')) });
  };
  const oidc = ways.data?.oidc;
  const said = signIn.isError || passkey.isError;
  return (
    <Door title="Sign in">
      {setup.data?.needed && (
        <Note tone="none">
          Nobody has an account yet. Open the one-time link that the hub printed when it started, or run{' '}
          <code>orrery seed-admin</code>.
        </Note>
      )}
      {next && !said && <p className={classes.hint}>Sign in to go on to {next.split('?')[0]}.</p>}
      {failed && !said && (
        <Note tone="bad">
          The identity provider did not lead to an account here. The log of the hub has the reason.
        </Note>
      )}
      {signIn.isError && <Note tone="bad">{signIn.error.message}</Note>}
      {passkey.isError && <Note tone="bad">The passkey was not accepted, or none was chosen.</Note>}
      {oidc && (
        <Button component="a" href={urlOf('/api/auth/oidc/start', { next: safeNext(next) })} size="md" variant="filled">
          Sign in with {oidc.label}
        </Button>
      )}
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username webauthn"
          required
          autoFocus
          size="sm"
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          size="sm"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
        />
        <Button type="submit" variant={oidc ? 'default' : 'filled'} size="md" loading={signIn.isPending}>
          Sign in
        </Button>
      </form>
      {canPasskey() && (
        <Button size="md" loading={passkey.isPending} onClick={() => passkey.mutate()}>
          Use a passkey
        </Button>
      )}
      <p className={classes.hint}>
        {ways.data?.mail ? (
          <Link to="/reset">Forgotten the password?</Link>
        ) : (
          <>
            Locked out? <code>orrery seed-admin</code> on the hub's machine makes another administrator.
          </>
        )}
      </p>
    </Door>
  );
}
