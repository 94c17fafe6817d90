import { Button } from '@mantine/core';
import type { HealControl } from '@orrery/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useMay } from '../access/me.ts';
import { api } from '../api.ts';
import { Page } from '../desk/Page.tsx';
import { attemptsQuery, healControlQuery, healPoliciesQuery, queryClient } from '../queries.ts';
import { Confirm } from '../settings/Confirm.tsx';
import { Age } from '../ui/Age.tsx';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { TabLinks } from '../ui/TabLinks.tsx';
import { HEALING_TABS, HEALING_WORD } from '../views.ts';
import { Approvals } from './Approvals.tsx';
import { Attempts } from './Attempts.tsx';
import classes from './Healing.module.css';
import { Policies } from './Policies.tsx';

// Tables that the repairs need none of.
const Patterns = lazy(async () => ({ default: (await import('./Patterns.tsx')).Patterns }));
const Simulation = lazy(async () => ({ default: (await import('./Simulation.tsx')).Simulation }));

const route = getRouteApi('/desk/healing');

/** What is repaired, what waits for a person, and what may be done about what; what was learned of it, and what policies would have done. */
export default function Healing() {
  const search = route.useSearch();
  const tab = search.tab ?? 'repairs';
  const may = useMay();
  const control = useQuery({ ...healControlQuery, enabled: may('ops:view') });
  const policies = useQuery({ ...healPoliciesQuery, enabled: may('ops:view') });
  const attempts = useQuery({ ...attemptsQuery, enabled: may('ops:view') });
  return (
    <Page
      title="Healing"
      note={control.data && <ControlNote control={control.data} />}
      tools={control.data && may('actions:run') && <KillSwitch control={control.data} />}
    >
      <QueryNote query={control} what="whether repair may act" />
      {control.data?.paused && (
        <Note tone="warn">
          Paused by {control.data.paused.by} <Age at={control.data.paused.at} />
          {control.data.paused.reason ? `: ${control.data.paused.reason}` : ''}. Nothing acts; what acted already is
          still verified.
        </Note>
      )}
      <TabLinks
        label="Parts of healing"
        active={tab}
        tabs={HEALING_TABS.map((value) => ({ value, label: HEALING_WORD[value] }))}
      />
      {tab === 'repairs' && (
        <div className={classes.stack}>
          <Approvals attempts={attempts.data?.items} />
          <Attempts query={attempts} chosen={search.attempt} />
          <Policies query={policies} />
        </div>
      )}
      <Suspense fallback={<Waiting rows={6} what={HEALING_WORD[tab]} />}>
        {tab === 'patterns' && <Patterns />}
        {tab === 'simulation' && <Simulation days={Number(search.days ?? 7)} chosen={search.policy} />}
      </Suspense>
    </Page>
  );
}

function ControlNote({ control: { enabled, paused } }: { control: HealControl }) {
  if (paused) return <State tone="warn">Paused</State>;
  return <State tone={enabled ? 'ok' : 'quiet'}>{enabled ? 'May act' : 'Not enabled'}</State>;
}

/** One button that stops everything: it asks once, and says what goes on. */
function KillSwitch({ control: { paused } }: { control: HealControl }) {
  const [asking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: () => (paused ? api.resumeHealing() : api.pauseHealing()),
    onSuccess: () => setAsking(false),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['heal'] }),
  });
  return (
    <>
      <Button variant={paused ? 'default' : 'danger'} size="compact-sm" onClick={() => setAsking(true)}>
        {paused ? 'Resume repair' : 'Pause repair'}
      </Button>
      {asking && (
        <Confirm
          title={paused ? 'Let repair act again?' : 'Pause all repair?'}
          verb={paused ? 'Resume' : 'Pause'}
          error={change.error}
          busy={change.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() => change.mutate()}
        >
          {paused
            ? 'Policies act again within their limits, beginning with what is down now.'
            : 'Nothing acts, here or on any other hub of this database, until somebody resumes it. What acts at this moment is not cut off; it is verified as usual.'}
        </Confirm>
      )}
    </>
  );
}
