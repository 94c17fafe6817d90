import { Button } from '@mantine/core';
import type { Alert } from '@orrery/protocol';
import { useState } from 'react';
import { plural } from '../ui/format.ts';
import classes from './Alerts.module.css';
import { changeMany } from './change.ts';
import { type Verb, verbsFor } from './verbs.ts';

type Props = { rows: readonly Alert[]; ids: ReadonlySet<string>; onDone: () => void };

const WORD: Record<Verb, string> = { acknowledge: 'Acknowledge', resolve: 'Resolve', ignore: 'Ignore' };

/** Acts on the selected alerts, and says beforehand on how many of them it can. */
export function BulkBar({ rows, ids, onDone }: Props) {
  const [running, setRunning] = useState<Verb>();
  const chosen = rows.filter((row) => ids.has(row.id));
  const able = (verb: Verb) => chosen.filter((row) => verbsFor(row.status).includes(verb)).map((row) => row.id);
  const run = async (verb: Verb) => {
    setRunning(verb);
    await changeMany(able(verb), verb);
    setRunning(undefined);
    onDone();
  };
  return (
    <section className={classes.bulk} aria-label="Selected alerts">
      <strong>{plural(chosen.length, 'alert')} selected</strong>
      {(['acknowledge', 'resolve', 'ignore'] as const).map((verb) => (
        <Button
          key={verb}
          size="compact-xs"
          disabled={able(verb).length === 0 || (running !== undefined && running !== verb)}
          loading={running === verb}
          onClick={() => void run(verb)}
        >
          {WORD[verb]} {able(verb).length}
        </Button>
      ))}
      <Button size="compact-xs" variant="subtle" onClick={onDone}>
        Clear
      </Button>
    </section>
  );
}
