import { type DockerRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';
import { parseShallowJson } from '../../platform/json.ts';
import type { OutboundTls } from '../../platform/outbound.ts';
import { maskUrl } from '../../platform/urls.ts';
import type { Remedy } from './remedy.ts';

const SOCKET = '/var/run/docker.sock';
/** The engine's side of the opt-in. */
const LABEL = 'orrery.heal';

/**
 * Restarts one container. The executor itself asks the engine whether the container carries the label `orrery.heal=true` (unless the
 * policy says that its name is enough): a name that came to mean another container restarts nothing.
 */
export const docker: Remedy<z.output<typeof DockerRemedy>> = {
  describe: ({ container, url, socket }) =>
    `restart the container ${container} on ${url === undefined ? (socket ?? SOCKET) : maskUrl(url, { everyValue: true })}`,

  async act(declared, { outbound, clock, signal }) {
    const end = clock.monotonic() + (parseDuration(declared.timeout) ?? 0);
    const ask = (path: string, method = 'GET') =>
      outbound.request({
        url: `${declared.url?.replace(/\/+$/, '') ?? 'http://docker'}${path}`,
        method,
        ...(declared.url === undefined ? { socketPath: declared.socket ?? SOCKET } : {}),
        ...(declared.tls ? { tls: declared.tls as OutboundTls } : {}),
        maxBytes: 2 * 1024 * 1024,
        timeoutMs: Math.max(1, Math.ceil(end - clock.monotonic())),
        signal,
      });
    const found = await ask(`/containers/${declared.container}/json`);
    if (found.status === 404) return { done: false, detail: `the engine knows no container "${declared.container}"` };
    if (found.status !== 200) return { done: false, detail: `the engine answered HTTP ${found.status}` };
    const { Id: id, Config: config } = parseShallowJson(found.body.toString('utf8')) as {
      Id?: unknown;
      Config?: { Labels?: Record<string, unknown> | null };
    };
    if (typeof id !== 'string' || !/^[0-9a-f]{12,64}$/.test(id))
      return { done: false, detail: 'the engine described no container' };
    if (declared.requireLabel && config?.Labels?.[LABEL] !== 'true')
      return { done: false, detail: `the container does not carry the label ${LABEL}=true, so it is not restarted` };
    // By its id: the name may mean another one by now.
    const grace = Math.ceil((parseDuration(declared.grace) ?? 0) / 1000);
    const { status, body } = await ask(`/containers/${id}/restart?t=${grace}`, 'POST');
    if (status === 204) return { done: true, detail: `${declared.container} (${id.slice(0, 12)}) was restarted` };
    return { done: false, detail: `the engine answered HTTP ${status}: ${body.toString('utf8').slice(0, 200)}` };
  },
};
