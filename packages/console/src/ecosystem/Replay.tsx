import { ActionIcon, Button, NativeSelect } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconHistory, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { formatClock, formatUtc, plural } from '../ui/format.ts';
import classes from './Replay.module.css';
import { PACES, type Pace } from './useGraph.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** One minute of then in this much of now, ms. */
const STEP_MS = 800;
const wholeMinute = (ms: number) => Math.floor(ms / MINUTE) * MINUTE;
const PACE_WORD: Record<Pace, string> = {
  '10s': 'Every 10 s',
  '30s': 'Every 30 s',
  '1min': 'Every minute',
  off: 'Paused',
};

/** How often the map is drawn anew, and the way into the last hour. */
export function Pacer({
  pace,
  onPace,
  onReplay,
}: {
  pace: Pace | undefined;
  onPace: (pace: Pace | undefined) => void;
  onReplay: (when: string) => void;
}) {
  return (
    <>
      <NativeSelect
        aria-label="Refresh"
        className={classes.pace ?? ''}
        value={pace ?? 'live'}
        onChange={({ currentTarget: { value } }) => onPace(PACES.find((each) => each === value))}
        data={[{ value: 'live', label: 'Live' }, ...PACES.map((value) => ({ value, label: PACE_WORD[value] }))]}
      />
      <Button
        leftSection={<IconHistory size={14} />}
        onClick={() => onReplay(new Date(wholeMinute(Date.now() - HOUR)).toISOString())}
      >
        Replay
      </Button>
    </>
  );
}

/** The hour that is looked at: a slider over its minutes, forwards by itself, an hour earlier or later; and the way back. */
export function Replay({
  when,
  isLate,
  silent,
  onWhen,
  onLive,
}: {
  when: string;
  /** The picture of this moment is still on its way. */
  isLate: boolean;
  /** Projects of which nothing is known as of then. */
  silent: number;
  onWhen: (when: string) => void;
  onLive: () => void;
}) {
  const at = Date.parse(when);
  const [end, setEnd] = useState(() => {
    const now = wholeMinute(Date.now());
    return now - at <= HOUR ? now : wholeMinute(at) + HOUR;
  });
  const [plays, setPlays] = useState(false);
  const begin = end - HOUR;
  const go = (ms: number) => onWhen(new Date(ms).toISOString());
  const shift = (by: number) => {
    const next = Math.min(end + by, wholeMinute(Date.now()));
    setEnd(next);
    go(Math.min(at + (next - end), next));
  };
  useEffect(() => {
    if (!plays || isLate) return;
    if (at >= end) return setPlays(false);
    const timer = setTimeout(() => onWhen(new Date(Math.min(at + MINUTE, end)).toISOString()), STEP_MS);
    return () => clearTimeout(timer);
  }, [plays, isLate, at, end, onWhen]);
  return (
    <section className={classes.replay} aria-label="Replay">
      <p className={classes.banner} role="status">
        {isLate ? 'Fetching ' : 'You are looking at '}
        <strong title={formatUtc(at)}>{formatClock(at, Date.now())}</strong>
        {isLate ? ' …' : ', not at now.'}
        {!isLate && silent > 0 && ` Of ${plural(silent, 'project')} nothing is kept from then: shown as never seen.`}
      </p>
      <div className={classes.controls}>
        <ActionIcon aria-label="An hour earlier" onClick={() => shift(-HOUR)}>
          <IconChevronLeft size={15} />
        </ActionIcon>
        <ActionIcon
          aria-label={plays ? 'Pause' : 'Play'}
          onClick={() => {
            if (!plays && at >= end) go(begin);
            setPlays(!plays);
          }}
        >
          {plays ? <IconPlayerPause size={15} /> : <IconPlayerPlay size={15} />}
        </ActionIcon>
        <input
          type="range"
          className={classes.slider}
          aria-label="Moment"
          aria-valuetext={formatClock(at, Date.now())}
          min={0}
          max={60}
          step={1}
          value={Math.round((at - begin) / MINUTE)}
          onChange={({ currentTarget: { value } }) => {
            setPlays(false);
            go(begin + Number(value) * MINUTE);
          }}
        />
        <ActionIcon aria-label="An hour later" onClick={() => shift(HOUR)}>
          <IconChevronRight size={15} />
        </ActionIcon>
        <Button size="compact-xs" onClick={onLive}>
          Back to live
        </Button>
      </div>
    </section>
  );
}
