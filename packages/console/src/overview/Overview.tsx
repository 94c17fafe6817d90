import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { Page } from '../desk/Page.tsx';
import { useRange } from '../desk/useRange.ts';
import { healthQuery, projectsQuery } from '../queries.ts';
import { plural } from '../ui/format.ts';
import { Note, QueryNote } from '../ui/Note.tsx';
import { RangeSwitch } from '../ui/RangeSwitch.tsx';
import { DailyAnalysis } from './DailyAnalysis.tsx';
import { EventStream } from './EventStream.tsx';
import { FirstProject } from './FirstProject.tsx';
import { KeyNumbers } from './KeyNumbers.tsx';
import { OpenAlerts } from './OpenAlerts.tsx';
import classes from './Overview.module.css';
import { ProjectCards } from './ProjectCards.tsx';
import { ServiceGrid } from './ServiceGrid.tsx';
import { POINTS } from './useProjectVitals.ts';

const route = getRouteApi('/desk/');

export default function Overview() {
  const range = useRange(route.useSearch(), POINTS);
  const may = useMay();
  const projects = useQuery({ ...projectsQuery, enabled: may('ops:view') });
  const health = useQuery({ ...healthQuery(), enabled: may('ops:view') });
  if (!may('ops:view'))
    return (
      <Page title="Overview">
        <Note tone="none">Your role does not include operations (ops:view). An administrator can change it.</Note>
      </Page>
    );
  const services = new Set(health.data?.services.map((service) => `${service.project}/${service.service}`)).size;
  const note = projects.data && `${plural(projects.data.length, 'project')} · ${plural(services, 'service')}`;
  return (
    <Page title="Overview" note={note} tools={<RangeSwitch view={range} />}>
      <QueryNote query={projects} what="the projects" />
      <QueryNote query={health} what="the checks" />
      {projects.data?.length === 0 ? (
        <FirstProject />
      ) : (
        <>
          <KeyNumbers projects={projects.data} health={health.data} />
          <div className={classes.columns}>
            <div className={classes.left}>
              <ProjectCards projects={projects.data} health={health.data} range={range} />
              <ServiceGrid services={health.data?.services} projects={projects.data} />
            </div>
            <div className={classes.right}>
              <OpenAlerts />
              <DailyAnalysis />
              <EventStream />
            </div>
          </div>
        </>
      )}
    </Page>
  );
}
