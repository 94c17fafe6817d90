import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import { Clock } from '../ui/Age.tsx';
import { Mark } from '../ui/Mark.tsx';
import classes from './LogsTab.module.css';
import type { LogLine } from './LogsTab.tsx';
import { LEVEL_TONE } from './logLevels.ts';

/** Only the lines in sight exist in the page; each is measured, for messages wrap. */
export function LogList({ lines }: { lines: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const rect = box.current?.getBoundingClientRect();
    if (rect) setTop(rect.top + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: lines.length,
    estimateSize: () => 27,
    overscan: 20,
    scrollMargin: top,
  });
  return (
    <div
      ref={box}
      className={classes.list}
      style={{ height: virtual.getTotalSize() }}
      role="log"
      aria-label="Log lines, newest first"
    >
      {virtual.getVirtualItems().map((item) => {
        const line = lines[item.index];
        if (!line) return null;
        return (
          <div
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            className={classes.line}
            data-level={line.level}
            style={{ transform: `translateY(${item.start - top}px)` }}
          >
            <span className={classes.clock}>
              <Clock at={line.at} />
            </span>
            <span className={classes.level}>
              <Mark tone={LEVEL_TONE[line.level]} size={7} />
              {line.level}
            </span>
            <span className={classes.message}>
              {line.message}
              {line.fields && Object.keys(line.fields).length > 0 && (
                <span className={classes.fields}> {fieldsOf(line.fields)}</span>
              )}
            </span>
          </div>
        );
      })}
    </div>
  );
}

function fieldsOf(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
