import { useNotifications } from '@mantine/notifications';
import {
  IconAlertTriangle,
  IconApps,
  IconBrain,
  IconHeartbeat,
  IconHome,
  IconLayoutDashboard,
  IconRobot,
  IconSettings,
  IconShieldLock,
  IconTopologyStar3,
  IconTrendingUp,
} from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useMay, useMe } from '../access/me.ts';
import { live, useLive } from '../events/index.ts';
import { alertsQuery, hubQuery, OPEN } from '../queries.ts';
import { useKeys } from '../ui/keys.ts';
import { Logo } from '../ui/Logo.tsx';
import { State } from '../ui/Mark.tsx';
import { openKeys, openPalette, useOverlay } from './overlays.ts';
import classes from './Shell.module.css';
import { toggleLive } from './TopTools.tsx';
import { useThemeToggle } from './useThemeToggle.ts';

const Palette = lazy(() => import('./Palette.tsx'));
const KeysHelp = lazy(() => import('./KeysHelp.tsx'));
const Toasts = lazy(() => import('./Toasts.tsx'));

/** The rooms that exist, in the order of the day. */
const ROOMS = [
  { to: '/dashboard', name: 'Dashboard', icon: IconHome, key: 'd' },
  { to: '/', name: 'Overview', icon: IconLayoutDashboard, key: 'o' },
  { to: '/ecosystem', name: 'Ecosystem', icon: IconTopologyStar3, key: 'e' },
  { to: '/alerts', name: 'Alerts', icon: IconAlertTriangle, key: 'a' },
  { to: '/healing', name: 'Healing', icon: IconHeartbeat, key: 'h' },
  { to: '/agents', name: 'Agents', icon: IconRobot, key: 'n' },
  { to: '/predictions', name: 'Predictions', icon: IconTrendingUp, key: 'f' },
  { to: '/ai', name: 'AI', icon: IconBrain, key: 'i' },
  { to: '/security', name: 'Security', icon: IconShieldLock, key: 'c' },
  { to: '/projects', name: 'Projects', icon: IconApps, key: 'p' },
  { to: '/settings', name: 'Settings', icon: IconSettings, key: 's' },
] as const;

/** Rooms that somebody may not enter are not drawn. */
function isOpen(to: (typeof ROOMS)[number]['to'], sees: boolean, isTenants: boolean): boolean {
  if (to === '/dashboard') return !sees || isTenants;
  // Agents are about the hub as a whole.
  return sees && !(to === '/agents' && isTenants);
}

/** The desk: rail on the left (at the bottom of a phone), the page beside it. */
export function Shell() {
  const overlay = useOverlay();
  const may = useMay();
  const sees = may('ops:view');
  const isTenants = typeof useMe()?.tenant === 'string';
  useEffect(() => {
    if (sees) live.start();
  }, [sees]);
  useGlobalKeys();
  useFocusOnMove();
  const hasSpoken = useHasSpoken();
  return (
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        Skip to content
      </a>
      <nav className={classes.rail} aria-label="Rooms">
        <Link to="/" className={classes.brand} aria-label="Orrery, overview">
          <Logo />
          <span className={classes.word}>Orrery</span>
        </Link>
        <ul className={classes.rooms}>
          {ROOMS.filter(({ to }) => isOpen(to, sees, isTenants)).map((room) => (
            <li key={room.to}>
              <Link
                to={room.to}
                className={classes.room}
                activeOptions={{ exact: room.to === '/', includeSearch: false }}
                activeProps={{ 'aria-current': 'page' }}
                title={`${room.name} (g ${room.key})`}
              >
                <room.icon size={17} stroke={1.6} aria-hidden="true" />
                <span className={classes.word}>{room.name}</span>
                {room.to === '/alerts' && <AlertCount />}
              </Link>
            </li>
          ))}
        </ul>
        <HubStatus />
      </nav>
      <div className={classes.page}>
        <Outlet />
      </div>
      <Suspense>
        {hasSpoken && <Toasts />}
        {overlay === 'palette' && <Palette />}
        {overlay === 'keys' && <KeysHelp />}
      </Suspense>
    </div>
  );
}

function AlertCount() {
  const { data } = useInfiniteQuery(alertsQuery(OPEN));
  const open = data?.pages.flatMap((page) => page.items).filter((alert) => alert.status === 'open') ?? [];
  if (open.length === 0) return null;
  const more = data?.pages.at(-1)?.nextCursor ? '+' : '';
  return (
    <span className={classes.count} data-tone={open.some((alert) => alert.severity === 'critical') ? 'bad' : 'warn'}>
      {open.length}
      {more}
      <span className="sr-only"> open</span>
    </span>
  );
}

function HubStatus() {
  const { phase } = useLive();
  const { data, isError } = useQuery(hubQuery);
  const gone = isError || phase === 'retrying';
  return (
    <div className={classes.hub}>
      <State tone={gone ? 'warn' : 'ok'}>{gone ? 'Hub not answering' : 'Hub connected'}</State>
      <span className={classes.version}>{data ? `${location.host} · v${data.version}` : location.host}</span>
    </div>
  );
}

/** Whether there ever was something to say in the corner: until then what draws it is not fetched. */
function useHasSpoken(): boolean {
  const { notifications, queue } = useNotifications();
  const [spoken, setSpoken] = useState(false);
  if (!spoken && notifications.length + queue.length > 0) setSpoken(true);
  return spoken;
}

function useGlobalKeys(): void {
  const navigate = useNavigate();
  const toggleTheme = useThemeToggle();
  useKeys({
    '?': openKeys,
    'g o': () => void navigate({ to: '/' }),
    'g e': () => void navigate({ to: '/ecosystem' }),
    'g p': () => void navigate({ to: '/projects' }),
    'g a': () => void navigate({ to: '/alerts' }),
    'g h': () => void navigate({ to: '/healing' }),
    'g f': () => void navigate({ to: '/predictions' }),
    'g n': () => void navigate({ to: '/agents' }),
    'g i': () => void navigate({ to: '/ai' }),
    'g c': () => void navigate({ to: '/security' }),
    'g s': () => void navigate({ to: '/settings' }),
    p: toggleLive,
    t: toggleTheme,
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      openPalette();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** After a move to another page the keyboard goes on from that page's start, and a screen reader hears its heading. */
function useFocusOnMove(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && path !== before.current)
      document.getElementById('main')?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
}
