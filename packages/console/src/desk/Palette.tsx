import { Spotlight, spotlight } from '@mantine/spotlight';
import '@mantine/core/styles/ScrollArea.css';
import '@mantine/spotlight/styles.css';
import { IconApps, IconArrowRight, IconCheck, IconCommand, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useMay } from '../access/me.ts';
import { useChangeAlert } from '../alerts/change.ts';
import { live } from '../events/index.ts';
import { alertsQuery, OPEN, projectsQuery } from '../queries.ts';
import { Mark } from '../ui/Mark.tsx';
import { projectState, SEVERITY_TONE } from '../ui/state.ts';
import { SETTINGS_TABS, SETTINGS_WORD } from '../views.ts';
import { closeOverlay, openKeys } from './overlays.ts';
import classes from './Palette.module.css';
import { toggleLive } from './TopTools.tsx';
import { useThemeToggle } from './useThemeToggle.ts';

type Action = {
  id: string;
  label: string;
  description?: string;
  keywords?: string[];
  leftSection?: React.ReactNode;
  onClick: () => void;
};

/** ⌘K: go anywhere, act on anything. */
export default function Palette() {
  const groups = usePaletteGroups();
  useEffect(() => spotlight.open(), []);
  return (
    <Spotlight
      actions={groups}
      shortcut={null}
      onSpotlightClose={closeOverlay}
      nothingFound="Nothing of that name. Projects, alerts, pages and actions can be found here."
      limit={40}
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 80 }}
      overlayProps={{ className: classes.scrim ?? '' }}
      title="Search or run an action"
      searchProps={{
        leftSection: <IconSearch size={17} />,
        placeholder: 'Search or run an action',
        'aria-label': 'Search or run an action',
      }}
      classNames={{
        content: classes.content ?? '',
        header: 'sr-only',
        search: classes.search ?? '',
        action: classes.action ?? '',
        actionSection: classes.section ?? '',
        actionLabel: classes.label ?? '',
        actionDescription: classes.description ?? '',
        actionsGroup: classes.group ?? '',
      }}
    />
  );
}

function usePaletteGroups() {
  const navigate = useNavigate();
  const may = useMay();
  const toggleTheme = useThemeToggle();
  const change = useChangeAlert();
  const { data: projects } = useQuery(projectsQuery);
  const { data: alerts } = useInfiniteQuery(alertsQuery(OPEN));
  const open = alerts?.pages.flatMap((page) => page.items) ?? [];
  const arrow = <IconArrowRight size={16} />;
  const command = <IconCommand size={16} />;

  const pages: Action[] = [
    { id: 'to-overview', label: 'Overview', leftSection: arrow, onClick: () => void navigate({ to: '/' }) },
    { id: 'to-alerts', label: 'Alerts', leftSection: arrow, onClick: () => void navigate({ to: '/alerts' }) },
    { id: 'to-ecosystem', label: 'Ecosystem', leftSection: arrow, onClick: () => void navigate({ to: '/ecosystem' }) },
    {
      id: 'to-predictions',
      label: 'Predictions',
      keywords: ['forecast'],
      leftSection: arrow,
      onClick: () => void navigate({ to: '/predictions' }),
    },
    { id: 'to-healing', label: 'Healing', leftSection: arrow, onClick: () => void navigate({ to: '/healing' }) },
    { id: 'to-agents', label: 'Agents', leftSection: arrow, onClick: () => void navigate({ to: '/agents' }) },
    { id: 'to-ai', label: 'AI', leftSection: arrow, onClick: () => void navigate({ to: '/ai' }) },
    { id: 'to-security', label: 'Security', leftSection: arrow, onClick: () => void navigate({ to: '/security' }) },
    { id: 'to-projects', label: 'Projects', leftSection: arrow, onClick: () => void navigate({ to: '/projects' }) },
    {
      id: 'to-incidents',
      label: 'Incidents',
      leftSection: arrow,
      onClick: () => void navigate({ to: '/alerts', search: { tab: 'incidents' } }),
    },
    {
      id: 'to-silences',
      label: 'Silences & maintenance',
      leftSection: arrow,
      onClick: () => void navigate({ to: '/alerts', search: { tab: 'silences' } }),
    },
    ...SETTINGS_TABS.map((tab) => ({
      id: `to-settings-${tab}`,
      label: `Settings: ${SETTINGS_WORD[tab]}`,
      leftSection: arrow,
      onClick: () => void navigate({ to: '/settings', search: { tab } }),
    })),
  ];
  const acts: Action[] = [
    { id: 'do-theme', label: 'Switch dark and light', leftSection: command, onClick: toggleTheme },
    {
      id: 'do-live',
      label: live.get().phase === 'paused' ? 'Go on live' : 'Pause live updates',
      leftSection: command,
      onClick: toggleLive,
    },
    { id: 'do-keys', label: 'Show the keys', leftSection: command, onClick: () => setTimeout(openKeys, 150) },
  ];
  if (may('configure'))
    acts.unshift({
      id: 'do-add',
      label: 'Add a project',
      leftSection: <IconApps size={16} />,
      onClick: () => void navigate({ to: '/projects', search: { add: '1' } }),
    });

  return [
    {
      group: 'Projects',
      actions: (projects ?? []).map(
        (project): Action => ({
          id: `project-${project.slug}`,
          label: project.name,
          description: `${projectState(project).word}${project.domain ? ` · ${project.domain}` : ''}`,
          keywords: [project.slug, ...project.tags, ...project.teams],
          leftSection: <Mark tone={projectState(project).tone} />,
          onClick: () => void navigate({ to: '/projects/$slug', params: { slug: project.slug } }),
        }),
      ),
    },
    {
      group: 'Open alerts',
      actions: open.flatMap((alert): Action[] => [
        {
          id: `alert-${alert.id}`,
          label: alert.title,
          description: alert.project,
          leftSection: <Mark tone={SEVERITY_TONE[alert.severity]} />,
          onClick: () => void navigate({ to: '/alerts', search: { alert: alert.id } }),
        },
        ...(may('alerts:manage') && alert.status === 'open'
          ? [
              {
                id: `ack-${alert.id}`,
                label: `Acknowledge: ${alert.title}`,
                description: alert.project,
                leftSection: <IconCheck size={16} />,
                onClick: () => change.mutate({ id: alert.id, verb: 'acknowledge' }),
              },
            ]
          : []),
      ]),
    },
    { group: 'Go to', actions: pages },
    { group: 'Actions', actions: acts.map((act) => ({ ...act, keywords: ['action'] })) },
  ].filter((group) => group.actions.length > 0);
}
