import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../access/me.ts';
import { Page } from '../desk/Page.tsx';
import { TabLinks } from '../ui/TabLinks.tsx';
import { SETTINGS_TABS, SETTINGS_WORD } from '../views.ts';
import { Audit } from './Audit.tsx';
import { Channels } from './Channels.tsx';
import { ConfigState } from './ConfigState.tsx';
import { Keys } from './Keys.tsx';
import { Mesh } from './Mesh.tsx';
import { Routes } from './Routes.tsx';
import { Rules } from './Rules.tsx';
import { StatusPages } from './StatusPages.tsx';
import { Tenants } from './Tenants.tsx';
import { Users } from './Users.tsx';

const route = getRouteApi('/desk/settings');

export default function Settings() {
  const search = route.useSearch();
  const may = useMay();
  // Keys can be seen by those who may make them only; the others find the first part they may enter.
  const tabs = SETTINGS_TABS.filter((tab) => (tab !== 'keys' && tab !== 'audit') || may('configure'));
  const tab = search.tab && tabs.includes(search.tab) ? search.tab : (tabs[0] ?? 'channels');
  return (
    <Page title="Settings">
      <TabLinks
        label="Parts of the settings"
        active={tab}
        tabs={tabs.map((value) => ({ value, label: SETTINGS_WORD[value] }))}
      />
      {tab === 'keys' && (
        <>
          <Users />
          <Keys />
          <Tenants />
        </>
      )}
      {tab === 'channels' && <Channels chosen={search.channel} />}
      {tab === 'routes' && <Routes />}
      {tab === 'rules' && <Rules />}
      {tab === 'pages' && <StatusPages />}
      {tab === 'mesh' && <Mesh />}
      {tab === 'config' && <ConfigState />}
      {tab === 'audit' && <Audit />}
    </Page>
  );
}
