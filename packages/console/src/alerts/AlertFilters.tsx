import { CloseButton, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { projectsQuery } from '../queries.ts';
import { Segments } from '../ui/Segments.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import classes from './Alerts.module.css';

type Props = {
  search: { severity?: string | undefined; project?: string | undefined };
  status: string;
};

/** Which alerts: kept in the URL, so that a view can be sent to somebody. */
export function AlertFilters({ search, status }: Props) {
  const put = usePutSearch();
  const { data: projects } = useQuery(projectsQuery);
  const names = (projects ?? []).map((project) => ({ value: project.slug, label: project.name }));
  return (
    <div className={classes.filters}>
      <Segments
        label="State"
        value={status}
        onChange={(value) => put({ status: value === 'open,acknowledged' ? undefined : value })}
        options={[
          { value: 'open,acknowledged', label: 'Active' },
          { value: 'open', label: 'Open' },
          { value: 'acknowledged', label: 'Acknowledged' },
          { value: 'resolved', label: 'Resolved' },
          { value: 'ignored', label: 'Ignored' },
          { value: 'all', label: 'All' },
        ]}
      />
      <Segments
        label="Severity"
        value={search.severity ?? 'any'}
        onChange={(value) => put({ severity: value === 'any' ? undefined : value })}
        options={[
          { value: 'any', label: 'Any' },
          { value: 'critical', label: 'Critical' },
          { value: 'warning', label: 'Warning' },
          { value: 'info', label: 'Info' },
        ]}
      />
      <div className={classes.project}>
        <NativeSelect
          aria-label="Project"
          value={search.project ?? ''}
          onChange={(event) => put({ project: event.currentTarget.value || undefined })}
          data={[{ value: '', label: 'All projects' }, ...names]}
        />
        {search.project && (
          <CloseButton size="sm" aria-label="All projects" onClick={() => put({ project: undefined })} />
        )}
      </div>
    </div>
  );
}
