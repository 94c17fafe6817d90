import { expect, it } from 'vitest';
import { dependenciesOf } from '../../catalog/index.ts';
import type { Fact } from '../rank/facts.ts';
import { needFacts } from './needs.ts';

const service = (name: string) => ({ name, kind: 'api', probes: [], dependsOn: [] });
/** The shop as a whole needs the books as a whole: so it is mostly declared. */
const GRAPH = dependenciesOf([
  { slug: 'books', dependsOn: [], services: [service('api')] },
  { slug: 'shop', dependsOn: ['books'], services: [service('api')] },
]);
const fact = (id: string, project: string, more: Partial<Fact>): Fact => ({
  ...{ id, kind: 'check', role: 'symptom', at: 0, project, service: 'api', text: id, speaks: [], plain: '' },
  ...more,
});
const SAYS = fact('says', 'shop', { role: 'cause', text: 'shop/api says of itself that its check "books" fails' });
const about = (facts: Fact[]) =>
  needFacts([fact('shop is down', 'shop', {}), SAYS, ...facts], GRAPH, new Set())
    .filter(({ project, role }) => project === 'books' && role === 'cause')
    .flatMap(({ speaks }) => speaks.map(({ kind }) => kind));

it('takes a failing check of what a part needs as a sign of the way in which that is seen to fail, whichever service of it', () => {
  expect(about([fact('books hangs', 'books', { speaks: [{ kind: 'unresponsive', weight: 2 }] })])).toEqual([
    'unresponsive',
  ]);
});

it('takes it as something that is missed where nobody has seen that it fails', () => {
  expect(about([])).toEqual(['dependency']);
});
