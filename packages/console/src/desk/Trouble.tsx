import { Button } from '@mantine/core';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Logo } from '../ui/Logo.tsx';
import classes from './Trouble.module.css';

const RETRY_MS = 5_000;

/** A page that could not be shown at all: what failed, and that it is tried again by itself. */
export function Broken({ error }: ErrorComponentProps) {
  const router = useRouter();
  useEffect(() => {
    const timer = setInterval(() => void router.invalidate(), RETRY_MS);
    return () => clearInterval(timer);
  }, [router]);
  return (
    <main className={classes.page} id="main">
      <Logo size={36} />
      <h1>This page could not be shown</h1>
      <p role="alert">
        {error instanceof Error ? error.message : String(error)}. It is tried again every five seconds.
      </p>
      <p className={classes.hint}>
        Meanwhile <code>orrery status</code> on the hub's machine says whether the hub runs.
      </p>
      <Button onClick={() => void router.invalidate()}>Try again now</Button>
    </main>
  );
}

export function Missing() {
  return (
    <main className={classes.page} id="main">
      <Logo size={36} />
      <h1>There is no such page</h1>
      <p>The address may be mistyped, or the page was moved.</p>
      <Link to="/" className={classes.link}>
        Go to the overview
      </Link>
    </main>
  );
}
