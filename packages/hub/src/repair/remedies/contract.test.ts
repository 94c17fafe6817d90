import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RemedyKind } from '@orrery/protocol';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import type { RemedyContext } from './index.ts';
import { trying } from './testing.ts';

/** What every remedy keeps to, whatever its target does. */
const SECRET = 'S3CRET-of-the-remedy-that-nobody-tells';
const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
const closed = createOutbound({ clock: systemClock, allowPrivate: false });
let folder: string;
let server: Server;
const sockets = new Set<Socket>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-remedy-'));
  mkdirSync(join(folder, 'systemd'));
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => {
  outbound.close();
  closed.close();
});

/** A target on a port, or on the socket where systemd would listen. */
async function listen(at: 'port' | 'socket', answer: (socket: Socket) => void): Promise<Place> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    answer(socket);
  });
  server.listen(at === 'port' ? { port: 0, host: '127.0.0.1' } : { path: join(folder, 'systemd/private') });
  await once(server, 'listening');
  return { port: at === 'port' ? (server.address() as AddressInfo).port : 0, folder };
}
type Place = { port: number; folder: string };

type Member = {
  /** The remedy against a place, with a secret wherever one fits. */
  declare(place: Place): object;
  /** A target that takes what is asked and never answers. */
  silent(): Promise<{ place: Place; more?: Partial<RemedyContext> }>;
  /** Against a target that is not there. */
  gone(place: Place): object;
  network: boolean;
};
const silentPort = async () => ({ place: await listen('port', (socket) => void socket.resume()) });
const nowhere = async (): Promise<{ place: Place }> => ({ place: { port: 0, folder } });

const MEMBERS: Record<RemedyKind, Member> = {
  docker: {
    declare: ({ port }) => ({ kind: 'docker', container: 'api', url: `http://user:${SECRET}@127.0.0.1:${port}` }),
    silent: silentPort,
    gone: () => ({ kind: 'docker', container: 'api', socket: join(folder, 'none.sock') }),
    network: true,
  },
  action: {
    declare: () => ({ kind: 'action', action: 'cache.clear', params: { token: SECRET } }),
    silent: async () => ({ place: { port: 0, folder }, more: { act: () => new Promise(() => undefined) } }),
    gone: () => ({ kind: 'action', action: 'cache.clear' }),
    network: false,
  },
  webhook: {
    declare: ({ port }) => ({
      kind: 'webhook',
      url: `http://127.0.0.1:${port}/${SECRET}?key=${SECRET}`,
      secret: SECRET,
    }),
    silent: silentPort,
    gone: () => ({ kind: 'webhook', url: 'http://127.0.0.1:1/' }),
    network: true,
  },
  command: {
    declare: () => ({ kind: 'command', run: ['sh', '-c', 'exec sleep 600', SECRET] }),
    silent: nowhere,
    gone: () => ({ kind: 'command', run: [join(folder, 'no-such-program')] }),
    network: false,
  },
  systemd: {
    declare: () => ({ kind: 'systemd', unit: 'api.service', user: true, runtimeDir: folder }),
    silent: async () => ({ place: await listen('socket', (socket) => void socket.resume()) }),
    gone: () => ({ kind: 'systemd', unit: 'api.service', user: true, runtimeDir: join(folder, 'none') }),
    network: false,
  },
  postgres: {
    declare: ({ port }) => ({
      ...{ kind: 'postgres', url: `postgres://app:${SECRET}@127.0.0.1:${port}/shop?sslmode=disable&options=${SECRET}` },
      ...{ users: ['app'], blockingFor: '1s' },
    }),
    silent: silentPort,
    gone: () => ({ kind: 'postgres', url: 'postgres://app@127.0.0.1:1/shop', users: ['app'], blockingFor: '1s' }),
    network: true,
  },
};

const attempt = async (declared: object, more?: Partial<RemedyContext>, way = outbound) => {
  const { text, act } = trying(way, declared, more);
  const begun = performance.now();
  const acted = await act();
  expect(JSON.stringify([text, acted])).not.toContain(SECRET);
  expect(acted.detail).toMatch(/\w+ \w+/);
  expect(acted.detail.length).toBeLessThan(600);
  return { ...acted, tookMs: performance.now() - begun };
};

describe.each(Object.entries(MEMBERS))('%s', (_, member) => {
  test('says what it does in words, and none of its secrets', async () => {
    const { text } = trying(outbound, member.declare({ port: 4711, folder }));
    expect(text).toMatch(/^\w[\w-]* .*\w/);
    expect(text).not.toContain(SECRET);
  });

  test('waits for a target that never answers no longer than it may', async () => {
    const { place, more } = await member.silent();
    const acted = await attempt({ ...member.declare(place), timeout: '300ms' }, more);
    expect(acted.done).toBe(false);
    expect(acted.tookMs).toBeGreaterThan(250);
    // The time, the patience with one that does not keep it, and a busy machine.
    expect(acted.tookMs).toBeLessThan(9000);
  });

  test('ends when the hub stops', async () => {
    const { place, more } = await member.silent();
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 100);
    const acted = await attempt(member.declare(place), { ...more, signal: stopping.signal });
    expect(acted.done).toBe(false);
    expect(acted.tookMs).toBeLessThan(4000);
  });

  test('does nothing once the hub has stopped', async () => {
    const { place, more } = await member.silent();
    const acted = await attempt(member.declare(place), { ...more, signal: AbortSignal.abort() });
    expect(acted.done).toBe(false);
    expect(acted.tookMs).toBeLessThan(2000);
  });

  test('says so when its target is not there', async () => {
    const act = async () => {
      throw new Error('the project shop is not known');
    };
    expect((await attempt(member.gone({ port: 0, folder }), { act })).done).toBe(false);
  });
});

describe.each(Object.entries(MEMBERS).filter(([, { network }]) => network))('%s over the network', (_, member) => {
  test('is refused at an address that the policy forbids', async () => {
    let heard = 0;
    const place = await listen('port', () => {
      heard += 1;
    });
    const acted = await attempt(member.declare(place), {}, closed);
    expect(acted.done).toBe(false);
    expect(acted.detail).toContain('private');
    expect(heard).toBe(0);
  });

  test('does not take nonsense for success', async () => {
    for (const nonsense of ['', 'hello'.repeat(1000), '\0'.repeat(500), `HTTP/1.1 500 No\r\n\r\n${'['.repeat(9999)}`]) {
      const place = await listen('port', (socket) => socket.end(nonsense));
      expect((await attempt({ ...member.declare(place), timeout: '2s' })).done).toBe(false);
      server.close();
    }
  });
});
