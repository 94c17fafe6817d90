import { useQuery } from '@tanstack/react-query';
import { aiProvidersQuery } from '../queries.ts';
import { Panel } from '../ui/Panel.tsx';
import { Snippet, Snippets } from '../ui/Snippet.tsx';
import { callSnippets, PROVIDERS_YAML } from './snippets.ts';

/** What would fill the page: a provider, and a program that calls through the hub. */
export function FirstCall() {
  const { data } = useQuery(aiProvidersQuery);
  return (
    <Panel title="No AI call in this range" note="an official SDK works with another address and key, and nothing else">
      {data?.items.length === 0 && (
        <>
          <p>First name the models&apos; providers in orrery.yaml:</p>
          <Snippet label="Providers in orrery.yaml" code={PROVIDERS_YAML} />
          <p>Then let a program call through the hub, with an API key of the role agent:</p>
        </>
      )}
      <Snippets label="The first call" choices={callSnippets(location.origin)} />
    </Panel>
  );
}
