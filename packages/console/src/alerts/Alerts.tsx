import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { Page } from '../desk/Page.tsx';
import { alertsQuery, OPEN } from '../queries.ts';
import { Waiting } from '../ui/Note.tsx';
import { TabLinks } from '../ui/TabLinks.tsx';
import { AlertList } from './AlertList.tsx';

const Incidents = lazy(() => import('./Incidents.tsx'));
const Silences = lazy(() => import('./Silences.tsx'));

const route = getRouteApi('/desk/alerts');

export default function Alerts() {
  const { tab = 'alerts' } = route.useSearch();
  const open = useInfiniteQuery(alertsQuery(OPEN)).data?.pages.flatMap((page) => page.items);
  return (
    <Page title="Alerts">
      <TabLinks
        label="Parts of the alerts"
        active={tab}
        tabs={[
          { value: 'alerts', label: 'Alerts', count: open?.length },
          { value: 'incidents', label: 'Incidents' },
          { value: 'silences', label: 'Silences & maintenance' },
        ]}
      />
      <Suspense fallback={<Waiting rows={8} what="this part" />}>
        {tab === 'alerts' && <AlertList />}
        {tab === 'incidents' && <Incidents />}
        {tab === 'silences' && <Silences />}
      </Suspense>
    </Page>
  );
}
