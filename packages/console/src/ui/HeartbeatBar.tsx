import type { CheckView } from '@orrery/protocol';
import { type KeyboardEvent, useId, useMemo, useRef, useState } from 'react';
import { formatClock, formatMs, formatUtc } from './format.ts';
import classes from './HeartbeatBar.module.css';
import { type Beat, toBeats } from './heartbeats.ts';
import { Mark } from './Mark.tsx';
import { SERVICE_TONE, SERVICE_WORD } from './state.ts';

type Props = { history: readonly CheckView[]; name: string; slots?: number };

/** The last checks as bars, oldest first: worse is taller, so a failure stands out without its colour. One tab stop; arrows walk. */
export function HeartbeatBar({ history, name, slots = 40 }: Props) {
  const beats = useMemo(() => toBeats(history, slots), [history, slots]);
  const [active, setActive] = useState<number>();
  const [place, setPlace] = useState<{ x: number; y: number }>();
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const beat = active === undefined ? undefined : beats[active];

  const show = (index: number | undefined) => {
    const bar = index === undefined ? undefined : box.current?.children[index];
    const rect = bar?.getBoundingClientRect();
    setActive(index);
    setPlace(rect && { x: Math.min(Math.max(rect.x + rect.width / 2, 140), window.innerWidth - 140), y: rect.y });
  };
  const first = beats.findIndex((each) => each.check);
  const onKeyDown = (event: KeyboardEvent) => {
    const now = active ?? beats.length - 1;
    const next: Record<string, number | undefined> = {
      ArrowLeft: Math.max(first, now - 1),
      ArrowRight: Math.min(beats.length - 1, now + 1),
      Home: first,
      End: beats.length - 1,
    };
    if (event.key === 'Escape') return show(undefined);
    const target = next[event.key];
    if (target === undefined || first < 0) return;
    event.preventDefault();
    show(target);
  };

  return (
    <div className={classes.wrap}>
      <div
        ref={box}
        className={classes.bars}
        role="listbox"
        aria-orientation="horizontal"
        aria-label={`Checks of ${name}, oldest first: ${summary(beats)}`}
        aria-activedescendant={beat?.check ? `${id}-${active}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={(event) =>
          event.currentTarget.matches(':focus-visible') && show(first < 0 ? undefined : beats.length - 1)
        }
        onBlur={() => show(undefined)}
        onMouseLeave={() => show(undefined)}
      >
        {beats.map((each, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the listbox holds the focus and names the active option.
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place.
            key={index}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            aria-label={each.check ? spoken(each, each.check) : 'no check yet'}
            className={classes.bar}
            data-status={each.status}
            onMouseEnter={() => show(each.check ? index : undefined)}
          />
        ))}
      </div>
      {beat?.check && place && <Tip beat={beat} check={beat.check} place={place} />}
    </div>
  );
}

function Tip({ beat, check, place }: { beat: Beat; check: CheckView; place: { x: number; y: number } }) {
  return (
    <div className={classes.tip} role="tooltip" style={{ left: place.x, top: place.y }}>
      <div className={classes.tipHead}>
        <Mark tone={SERVICE_TONE[check.status]} />
        <strong>{SERVICE_WORD[check.status]}</strong>
        <span>{formatMs(check.latencyMs)}</span>
      </div>
      {check.reason && <p className={classes.reason}>{check.reason}</p>}
      <p className={classes.when}>
        {formatClock(check.at, Date.now())} · {formatUtc(check.at)}
      </p>
      {beat.count > 1 && <p className={classes.when}>the worst of {beat.count} checks</p>}
    </div>
  );
}

function spoken(beat: Beat, check: CheckView): string {
  const parts = [formatClock(check.at, Date.now()), SERVICE_WORD[check.status].toLowerCase()];
  if (check.latencyMs !== null) parts.push(formatMs(check.latencyMs));
  if (check.reason) parts.push(check.reason);
  if (beat.count > 1) parts.push(`the worst of ${beat.count} checks`);
  return parts.join(', ');
}

function summary(beats: readonly Beat[]): string {
  const count = (status: string) => beats.filter((each) => each.status === status).length;
  const parts = [`${count('up')} up`];
  if (count('degraded') > 0) parts.push(`${count('degraded')} degraded`);
  if (count('down') > 0) parts.push(`${count('down')} down`);
  if (count('unknown') > 0) parts.push(`${count('unknown')} unknown`);
  return parts.join(', ');
}
