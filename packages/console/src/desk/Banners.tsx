import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { useLive } from '../events/index.ts';
import { configQuery } from '../queries.ts';
import { plural } from '../ui/format.ts';
import { Note } from '../ui/Note.tsx';
import { useNow } from '../ui/now.ts';

/** What concerns every page: the connection to the hub, and a configuration that was refused. */
export function Banners() {
  const may = useMay();
  if (!may('ops:view')) return null;
  return (
    <>
      <ConnectionBanner />
      <ConfigBanner />
    </>
  );
}

function ConnectionBanner() {
  const live = useLive();
  const now = useNow();
  if (live.phase !== 'retrying' || live.attempt < 2) return null;
  const wait = Math.max(0, Math.ceil(((live.retryAt ?? now) - now) / 1000));
  return (
    <Note tone="warn">
      <strong>The live stream is interrupted.</strong> {live.reason}. Next try in {wait} s; what is shown may be old and
      is marked with its age.
    </Note>
  );
}

function ConfigBanner() {
  const { data } = useQuery(configQuery);
  if (!data || data.issues.length === 0) return null;
  const first = data.issues[0];
  return (
    <Note
      tone="warn"
      action={
        <Link to="/settings" search={{ tab: 'config' }}>
          <u>Show {plural(data.issues.length, 'mistake')}</u>
        </Link>
      }
    >
      <strong>The newest orrery.yaml was refused;</strong> the one before it stays in force.
      {first && (
        <>
          {' '}
          {first.line !== undefined && `Line ${first.line}: `}
          <code>{first.field}</code> {first.reason}
        </>
      )}
    </Note>
  );
}
