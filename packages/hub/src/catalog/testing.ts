import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProjectDeclaration } from '@orrery/protocol';
import { onTestFinished } from 'vitest';
import { audit, systemCaller } from '../access/index.ts';
import { createEvents } from '../events/index.ts';
import { systemClock as clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { createOutbound } from '../platform/outbound.ts';
import { createSecrets } from '../platform/secrets.ts';
import { silentLog as log } from '../platform/testing.ts';
import { createCatalog } from './catalog.ts';

export const staff = systemCaller('test');

/** A catalog, and a server of two instances: `odd`, whose manifest is `manifest`, and `plain`. `hang` lets their answers wait. */
export async function catalogOn(db: Db, manifest: object = {}) {
  const outbound = createOutbound({ clock, allowPrivate: true });
  const kit = { hang: false, hanging: 0 };
  const server = createServer((request, response) => {
    if (kit.hang) return void kit.hanging++;
    const odd = request.url === '/odd/api/capabilities';
    if (request.url === '/odd/api/actions') return void response.writeHead(405).end();
    response.writeHead(odd || request.url?.startsWith('/plain') ? 200 : 404).end(odd ? JSON.stringify(manifest) : '{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const events = createEvents({ db, clock, log });
  const catalog = createCatalog({
    db,
    clock,
    log,
    secrets: createSecrets('k'.repeat(40)),
    outbound,
    appendEvents: events.append,
    audit,
    tenantExists: async () => false,
    facts: async () => new Map(),
    offlineAfterMs: () => 600_000,
    halfLifeMs: () => 86_400_000,
  });
  onTestFinished(() => {
    outbound.close();
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const declare = (slug: string) => ({
    declaration: ProjectDeclaration.parse({ slug, name: slug, hubUrl: `${base}/${slug}` }),
    ref: 'orrery.yaml:1',
  });
  const statuses = async (slug: string) =>
    Object.fromEntries((await catalog.get(staff, slug)).endpoints.map(({ name, status }) => [name, status]));
  return { catalog, events, kit, base, declare, statuses };
}
