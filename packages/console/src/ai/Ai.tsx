import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useMay } from '../access/me.ts';
import { Page } from '../desk/Page.tsx';
import { useRange } from '../desk/useRange.ts';
import { aiUsageQuery } from '../queries.ts';
import { QueryNote, Waiting } from '../ui/Note.tsx';
import { RangePicker } from '../ui/RangeSwitch.tsx';
import { TabLinks } from '../ui/TabLinks.tsx';
import { AI_TABS, AI_WORD } from '../views.ts';
import { FirstCall } from './FirstCall.tsx';
import { Usage } from './Usage.tsx';

// Tables and forms that the usage needs none of.
const Calls = lazy(async () => ({ default: (await import('./Calls.tsx')).Calls }));
const Budgets = lazy(async () => ({ default: (await import('./Budgets.tsx')).Budgets }));
const Playground = lazy(async () => ({ default: (await import('./Playground.tsx')).Playground }));

const route = getRouteApi('/desk/ai');
const POINTS = 168;

/** Who uses which model, how well it goes, what it costs, and what is left of the budgets. */
export default function Ai() {
  const search = route.useSearch();
  const may = useMay();
  const range = useRange(search, POINTS, '24h');
  const by = search.by ?? 'provider';
  const query = useQuery(aiUsageQuery({ from: range.from, to: range.to, by }));
  const tabs = AI_TABS.filter((tab) => tab !== 'playground' || may('ai:run'));
  const tab = search.tab && tabs.includes(search.tab) ? search.tab : 'usage';
  const isFirst = query.data?.total.calls === 0 && tab === 'usage';
  return (
    <Page title="AI" tools={tab === 'usage' || tab === 'calls' ? <RangePicker view={range} /> : undefined}>
      <TabLinks label="Parts of AI" active={tab} tabs={tabs.map((value) => ({ value, label: AI_WORD[value] }))} />
      {tab === 'usage' && <QueryNote query={query} what="the usage" />}
      {tab === 'usage' && query.isPending && <Waiting rows={8} what="the usage" />}
      {isFirst && <FirstCall />}
      {tab === 'usage' && query.data && <Usage usage={query.data} by={by} range={range} />}
      <Suspense fallback={<Waiting rows={8} what={AI_WORD[tab]} />}>
        {tab === 'calls' && <Calls range={range} />}
        {tab === 'budgets' && <Budgets />}
        {tab === 'playground' && <Playground />}
      </Suspense>
    </Page>
  );
}
