import { formatAgo, formatClock, formatSpan, formatUtc } from './format.ts';
import { useNow } from './now.ts';

/** How long ago; local time and UTC on hover. */
export function Age({ at, bare = false }: { at: string | null | undefined; bare?: boolean }) {
  const now = useNow();
  if (!at) return <span>never</span>;
  return (
    <time dateTime={at} title={`${formatClock(at, now)} local · ${formatUtc(at)}`}>
      {bare ? formatSpan(now - Date.parse(at)) : formatAgo(at, now)}
    </time>
  );
}

/** Local wall time; UTC on hover. */
export function Clock({ at }: { at: string }) {
  const now = useNow('slow');
  return (
    <time dateTime={at} title={formatUtc(at)}>
      {formatClock(at, now)}
    </time>
  );
}
