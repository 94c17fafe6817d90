import type { AgentName } from '@orrery/protocol';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ApiError } from '../api.ts';
import { Page } from '../desk/Page.tsx';
import { agentsQuery } from '../queries.ts';
import { State } from '../ui/Mark.tsx';
import { Note, QueryNote, Waiting } from '../ui/Note.tsx';
import { usePutSearch } from '../ui/usePutSearch.ts';
import { AgentList, type NamedAgent } from './AgentList.tsx';
import classes from './Agents.module.css';
import { Jobs } from './Jobs.tsx';
import { inShort } from './state.ts';

const route = getRouteApi('/desk/agents');

/** The seven agents, and all that the hub does on a schedule. */
export default function Agents() {
  const { agent } = route.useSearch();
  const put = usePutSearch();
  const query = useQuery(agentsQuery);
  const agents =
    query.data && (Object.entries(query.data) as [AgentName, NamedAgent][]).map(([name, one]) => ({ ...one, name }));
  const short = agents && inShort(agents);
  const refused = query.error instanceof ApiError && query.error.status === 403;
  return (
    <Page title="Agents" note={short && <State tone={short.tone}>{short.word}</State>}>
      {refused ? (
        <Note tone="none">Agents work for every project at once: this page is for those who run the hub.</Note>
      ) : (
        <QueryNote query={query} what="the agents" />
      )}
      <div className={classes.stack}>
        {query.isPending && <Waiting rows={7} what="the agents" />}
        {agents && (
          <AgentList
            agents={agents}
            chosen={agent}
            onChoose={(name) => put({ agent: name === agent ? undefined : name })}
          />
        )}
        {!refused && <Jobs agent={agent} onAll={() => put({ agent: undefined })} />}
      </div>
    </Page>
  );
}
