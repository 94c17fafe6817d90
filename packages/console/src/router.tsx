import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { safeNext } from './access/next.ts';
import { forget } from './access/session.ts';
import { ApiError, onUnauthorized } from './api.ts';
import { Shell } from './desk/Shell.tsx';
import { Broken, Missing } from './desk/Trouble.tsx';
import { meQuery, queryClient } from './queries.ts';
import { parseSearch, stringifySearch } from './ui/search.ts';
import {
  readAgents,
  readAi,
  readAlerts,
  readEcosystem,
  readHealing,
  readOverview,
  readPredictions,
  readProject,
  readProjects,
  readSecurity,
  readSettings,
} from './views.ts';

const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/admin/login',
  validateSearch: (search: Record<string, unknown>) => ({
    ...(typeof search.next === 'string' ? { next: safeNext(search.next) } : {}),
    ...(search.failed === 'oidc' ? { failed: 'oidc' as const } : {}),
  }),
  component: lazyRouteComponent(() => import('./access/SignIn.tsx')),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>) => ({
    ...(typeof search.token === 'string' ? { token: search.token } : {}),
  }),
  component: lazyRouteComponent(() => import('./access/Setup.tsx')),
});

const withToken = (search: Record<string, unknown>) => ({
  ...(typeof search.token === 'string' ? { token: search.token } : {}),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  validateSearch: withToken,
  component: lazyRouteComponent(() => import('./access/Invite.tsx')),
});
const reset = createRoute({
  getParentRoute: () => root,
  path: '/reset',
  validateSearch: withToken,
  component: lazyRouteComponent(() => import('./access/Reset.tsx')),
});

/** Everything behind the sign-in. */
const desk = createRoute({
  getParentRoute: () => root,
  id: 'desk',
  component: Shell,
  errorComponent: Broken,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const next = location.href === '/' ? {} : { next: location.href };
      throw redirect({ to: '/admin/login', search: next });
    }
  },
});

const overview = createRoute({
  getParentRoute: () => desk,
  path: '/',
  validateSearch: readOverview,
  // Who may not look at operations has a page of their own.
  beforeLoad: async () => {
    const me = await queryClient.ensureQueryData(meQuery);
    if (!me.permissions.includes('ops:view')) throw redirect({ to: '/dashboard' });
  },
  component: lazyRouteComponent(() => import('./overview/Overview.tsx')),
});
const dashboard = createRoute({
  getParentRoute: () => desk,
  path: '/dashboard',
  component: lazyRouteComponent(() => import('./dashboard/Dashboard.tsx')),
});
const ecosystem = createRoute({
  getParentRoute: () => desk,
  path: '/ecosystem',
  validateSearch: readEcosystem,
  component: lazyRouteComponent(() => import('./ecosystem/Ecosystem.tsx')),
});
const projects = createRoute({
  getParentRoute: () => desk,
  path: '/projects',
  validateSearch: readProjects,
  component: lazyRouteComponent(() => import('./projects/Projects.tsx')),
});
const project = createRoute({
  getParentRoute: () => desk,
  path: '/projects/$slug',
  validateSearch: readProject,
  component: lazyRouteComponent(() => import('./projects/Project.tsx')),
});
const alerts = createRoute({
  getParentRoute: () => desk,
  path: '/alerts',
  validateSearch: readAlerts,
  component: lazyRouteComponent(() => import('./alerts/Alerts.tsx')),
});
const healing = createRoute({
  getParentRoute: () => desk,
  path: '/healing',
  validateSearch: readHealing,
  component: lazyRouteComponent(() => import('./healing/Healing.tsx')),
});
const predictions = createRoute({
  getParentRoute: () => desk,
  path: '/predictions',
  validateSearch: readPredictions,
  component: lazyRouteComponent(() => import('./predictions/Predictions.tsx')),
});
const security = createRoute({
  getParentRoute: () => desk,
  path: '/security',
  validateSearch: readSecurity,
  component: lazyRouteComponent(() => import('./security/Security.tsx')),
});
const agents = createRoute({
  getParentRoute: () => desk,
  path: '/agents',
  validateSearch: readAgents,
  component: lazyRouteComponent(() => import('./agents/Agents.tsx')),
});
const ai = createRoute({
  getParentRoute: () => desk,
  path: '/ai',
  validateSearch: readAi,
  component: lazyRouteComponent(() => import('./ai/Ai.tsx')),
});
/** The address that some know the overview by. */
const admin = createRoute({
  getParentRoute: () => desk,
  path: '/admin/dashboard',
  beforeLoad: () => {
    throw redirect({ to: '/' });
  },
});
const settings = createRoute({
  getParentRoute: () => desk,
  path: '/settings',
  validateSearch: readSettings,
  // Where jobs stood before agents had a page of their own.
  beforeLoad: ({ location }) => {
    if (new URLSearchParams(location.searchStr).get('tab') === 'jobs') throw redirect({ to: '/agents' });
  },
  component: lazyRouteComponent(() => import('./settings/Settings.tsx')),
});

const profile = createRoute({
  getParentRoute: () => desk,
  path: '/profile',
  component: lazyRouteComponent(() => import('./access/Profile.tsx')),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    setup,
    invite,
    reset,
    desk.addChildren([
      overview,
      dashboard,
      ecosystem,
      projects,
      project,
      alerts,
      healing,
      predictions,
      security,
      agents,
      admin,
      ai,
      settings,
      profile,
    ]),
  ]),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  parseSearch,
  stringifySearch,
});

// A session that ended while a page was open: back to the door, and after it to the same view.
onUnauthorized(() => {
  const { pathname, href } = router.state.location;
  if (['/admin/login', '/setup', '/invite', '/reset'].includes(pathname)) return;
  forget();
  void router.navigate({ to: '/admin/login', search: { next: safeNext(href) } });
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
