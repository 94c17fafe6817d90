import { ActionIcon, Button, Popover } from '@mantine/core';
import { IconCalendar, IconChevronLeft, IconChevronRight, IconZoomOut } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { formatClock } from './format.ts';
import classes from './RangeSwitch.module.css';
import { RANGES, type RangeView, shiftSpan } from './range.ts';
import { Segments } from './Segments.tsx';

/** 1 h, 6 h, 24 h, 7 d. */
export function RangeSwitch({ view }: { view: RangeView }) {
  return (
    <Segments
      label="Time range"
      value={view.range.kind === 'last' ? view.range.key : undefined}
      onChange={view.choose}
      options={RANGES.map((key) => ({
        value: key,
        label: key.replace(/(\d+)/, '$1 '),
      }))}
    />
  );
}

/** The switch with a span of one's own, and what a drag does for those who use no mouse. */
export function RangePicker({ view }: { view: RangeView }) {
  const move = (way: 'earlier' | 'later' | 'wider') => {
    const next = shiftSpan(view.from, view.to, way);
    view.zoom(next.from, next.to);
  };
  return (
    <div className={classes.picker}>
      <ActionIcon aria-label="Earlier" onClick={() => move('earlier')}>
        <IconChevronLeft size={16} />
      </ActionIcon>
      <ActionIcon aria-label="Later" onClick={() => move('later')}>
        <IconChevronRight size={16} />
      </ActionIcon>
      <ActionIcon aria-label="Twice as wide" onClick={() => move('wider')}>
        <IconZoomOut size={16} />
      </ActionIcon>
      <RangeSwitch view={view} />
      <CustomSpan view={view} />
    </div>
  );
}

function CustomSpan({ view }: { view: RangeView }) {
  const [opened, setOpened] = useState(false);
  const custom = view.range.kind === 'between';
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    view.zoom(Date.parse(String(form.get('from'))), Date.parse(String(form.get('to'))));
    setOpened(false);
  };
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-end"
      trapFocus
      classNames={{ dropdown: classes.dropdown ?? '' }}
    >
      <Popover.Target>
        <Button onClick={() => setOpened(!opened)} leftSection={<IconCalendar size={14} />} aria-pressed={custom}>
          {custom ? `${formatClock(view.from, Date.now())} – ${formatClock(view.to, Date.now())}` : 'Custom'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form className={classes.form} onSubmit={submit}>
          <label>
            From (local time)
            <input
              className={classes.input}
              type="datetime-local"
              name="from"
              step={1}
              required
              defaultValue={local(view.from)}
            />
          </label>
          <label>
            To
            <input
              className={classes.input}
              type="datetime-local"
              name="to"
              step={1}
              required
              defaultValue={local(view.to)}
            />
          </label>
          <Button type="submit" variant="filled">
            Show
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What a datetime-local input takes. */
function local(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
