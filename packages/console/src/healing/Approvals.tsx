import { Button } from '@mantine/core';
import type { HealAttempt } from '@orrery/protocol';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { queryClient } from '../queries.ts';
import { Confirm } from '../settings/Confirm.tsx';
import { Age } from '../ui/Age.tsx';
import { Mark } from '../ui/Mark.tsx';
import { Panel } from '../ui/Panel.tsx';
import { SEVERITY_TONE } from '../ui/state.ts';
import classes from './Healing.module.css';

/** What waits for somebody to say yes or no; not drawn while nothing does. */
export function Approvals({ attempts }: { attempts: readonly HealAttempt[] | undefined }) {
  const waiting = attempts?.filter(({ status }) => status === 'awaiting approval') ?? [];
  if (waiting.length === 0) return null;
  return (
    <Panel title="Waits for approval" note={waiting.length} flush>
      <ul aria-label="Waits for approval">
        {waiting.map((attempt) => (
          <Approval key={attempt.id} attempt={attempt} />
        ))}
      </ul>
    </Panel>
  );
}

function Approval({ attempt }: { attempt: HealAttempt }) {
  const may = useMay();
  const [asking, setAsking] = useState<'approve' | 'deny'>();
  const decide = useMutation({
    mutationFn: (verb: 'approve' | 'deny') => api.decideAttempt(attempt.id, verb),
    onSuccess: () => setAsking(undefined),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['heal'] }),
  });
  const { project, service } = attempt.target;
  return (
    <li className={classes.approval}>
      <Mark tone={SEVERITY_TONE[attempt.trigger.severity]} />
      <div className={classes.what}>
        <Link to="/alerts" search={{ alert: attempt.trigger.alertId }} className={classes.title}>
          {attempt.trigger.title}
        </Link>
        <p className={classes.plan}>{attempt.remedy.text}</p>
        <p className={classes.sub}>
          {attempt.diagnosis} · {attempt.verdict} · asked <Age at={attempt.createdAt} />
        </p>
      </div>
      {may('actions:run') && (
        <div className={classes.buttons}>
          <Button variant="default" size="compact-sm" onClick={() => setAsking('deny')}>
            Deny
          </Button>
          <Button size="compact-sm" onClick={() => setAsking('approve')}>
            Approve
          </Button>
        </div>
      )}
      {asking && (
        <Confirm
          title={
            asking === 'approve' ? `Repair ${project}/${service}?` : `Refuse this repair of ${project}/${service}?`
          }
          verb={asking === 'approve' ? 'Approve' : 'Deny'}
          error={decide.error}
          busy={decide.isPending}
          onClose={() => setAsking(undefined)}
          onConfirm={() => decide.mutate(asking)}
        >
          {asking === 'approve'
            ? `The hub will ${attempt.remedy.text}, exactly as it was planned when it asked, and then watch the checks of ${service}.`
            : 'Nothing is done. It may ask again while the alert lives and its limits allow it.'}
        </Confirm>
      )}
    </li>
  );
}
