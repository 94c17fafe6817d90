import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useMay } from '../access/me.ts';
import { ApiError, api } from '../api.ts';
import { Page } from '../desk/Page.tsx';
import { useRange } from '../desk/useRange.ts';
import { healthQuery, projectQuery, queryClient } from '../queries.ts';
import { Empty } from '../ui/Empty.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { TabLinks } from '../ui/TabLinks.tsx';
import classes from './Project.module.css';
import { ProjectHead } from './ProjectHead.tsx';
import { ServicesTab } from './ServicesTab.tsx';

// Charts, tables and lists are fetched only by those who open them.
const MetricsTab = lazy(() => import('./MetricsTab.tsx'));
const PerformanceTab = lazy(() => import('./PerformanceTab.tsx'));
const ConfigTab = lazy(() => import('./ConfigTab.tsx'));
const LogsTab = lazy(() => import('./LogsTab.tsx'));

const route = getRouteApi('/desk/projects/$slug');

export default function Project() {
  const { slug } = route.useParams();
  const search = route.useSearch();
  const range = useRange(search, 180);
  const project = useQuery(projectQuery(slug));
  const health = useQuery(healthQuery(slug));
  const tab = search.tab ?? 'services';
  const services = health.data?.services.filter((service) => service.project === slug);
  const missing = project.error instanceof ApiError && project.error.status === 404;

  return (
    <Page
      title={project.data?.name ?? slug}
      crumb={
        <Link to="/projects" className={classes.crumb}>
          Projects /
        </Link>
      }
      tools={<RefreshButton slug={slug} />}
    >
      {missing ? (
        <Empty title={`There is no project "${slug}"`}>
          <p>It was removed, or your account may not see it.</p>
          <p>
            <Link to="/projects">
              <u>All projects</u>
            </Link>
          </p>
        </Empty>
      ) : (
        <>
          <QueryNote query={project} what="the project" />
          <QueryNote query={health} what="the checks" />
          {project.data?.broken && (
            <Note tone="bad">
              <strong>This project is not watched.</strong> {project.data.broken}
            </Note>
          )}
          <ProjectHead project={project.data} services={services} range={range} />
          <TabLinks
            label="Parts of the project"
            active={tab}
            tabs={[
              { value: 'services', label: 'Services', count: services?.length },
              { value: 'metrics', label: 'Metrics' },
              { value: 'performance', label: 'Performance' },
              { value: 'logs', label: 'Logs' },
              { value: 'config', label: 'Config' },
            ]}
          />
          <Suspense fallback={<Waiting rows={8} what="this part" />}>
            {tab === 'services' && <ServicesTab project={project.data} services={services} />}
            {tab === 'metrics' && <MetricsTab slug={slug} range={range} thresholds={project.data?.thresholds ?? []} />}
            {tab === 'performance' && <PerformanceTab slug={slug} />}
            {tab === 'logs' && <LogsTab slug={slug} />}
            {tab === 'config' && <ConfigTab project={project.data} />}
          </Suspense>
        </>
      )}
    </Page>
  );
}

function RefreshButton({ slug }: { slug: string }) {
  const may = useMay();
  const refresh = useMutation({
    mutationFn: () => api.refresh([slug]),
    onSuccess: ({ results }) => {
      const mine = results.find((result) => result.project === slug);
      notifications.show(
        mine?.status === 'refreshed'
          ? { title: 'Checked', message: 'Every probe of the project ran just now.' }
          : { title: 'Not checked', message: mine?.reason ?? 'The hub does not know this project.', role: 'alert' },
      );
      return queryClient.invalidateQueries();
    },
    onError: (error) => notifications.show({ title: 'Not checked', message: error.message, role: 'alert' }),
  });
  if (!may('actions:run')) return null;
  return (
    <Button leftSection={<IconRefresh size={14} />} loading={refresh.isPending} onClick={() => refresh.mutate()}>
      Check now
    </Button>
  );
}
