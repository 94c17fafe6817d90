import { ProjectDeclaration } from '@orrery/protocol';
import { expect, it } from 'vitest';
import type { LatestNumber } from '../samples/index.ts';
import { certificateProbes, createExpiries } from './expiries.ts';

const DAY = 86_400_000;
const { services } = ProjectDeclaration.parse({
  slug: 'veria',
  name: 'Veria',
  hubUrl: 'https://veria.example',
  services: [
    {
      name: 'shop',
      probes: [
        { kind: 'http', url: 'http://shop.example/' },
        { kind: 'http', url: 'https://shop.example:8443/x?token=t' },
        { kind: 'tls', host: 'shop.example' },
        { kind: 'tcp', host: 'shop.example', port: 443 },
      ],
    },
    { name: 'plain', probes: [{ kind: 'http', url: 'http://plain.example/' }] },
  ],
});

it('are watched where a probe sees a certificate', () => {
  expect(certificateProbes(services)).toEqual([
    { service: 'shop', probe: 'http 2', target: 'shop.example:8443' },
    { service: 'shop', probe: 'tls', target: 'shop.example:443' },
  ]);
});

it('are read from the series of declared probes alone, once in 30 seconds', async () => {
  let now = 0;
  let asked = 0;
  const series = (service: string, tags: Record<string, string>, value: number): LatestNumber => ({
    id: 1,
    project: 'veria',
    key: 'tls.days_left',
    service,
    tags,
    kind: 'number',
    value,
    at: 5 * DAY,
    receivedAt: 5 * DAY,
  });
  const latest = async () => {
    asked += 1;
    return [
      series('shop', { kind: 'tls' }, 20),
      series('shop', { kind: 'http', probe: '2' }, 3.5),
      series('shop', { kind: 'tls', probe: '2' }, 1),
      series('gone', { kind: 'tls' }, 1),
    ];
  };
  const expiries = createExpiries({ latest }, { now: () => now, monotonic: () => now });
  const projects = [{ slug: 'veria', certificates: certificateProbes(services) }];
  expect((await expiries.look(projects))?.get('veria')).toEqual([
    { service: 'shop', probe: 'tls', target: 'shop.example:443', until: 25 * DAY, seenAt: 5 * DAY },
    { service: 'shop', probe: 'http 2', target: 'shop.example:8443', until: 8.5 * DAY, seenAt: 5 * DAY },
  ]);
  now = 29_999;
  expect(await expiries.look(projects)).toBeUndefined();
  now = 30_000;
  expect(await expiries.look(projects)).toBeDefined();
  expect(asked).toBe(2);
  now = 90_000;
  expect(await expiries.look([{ slug: 'veria', certificates: [] }])).toEqual(new Map());
  expect(asked).toBe(2);
});
