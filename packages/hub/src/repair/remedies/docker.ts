import { type DockerRemedy, parseDuration } from '@orrery/protocol';
import type { z } from 'zod';
import { createEngine, EngineError } from '../../platform/engine.ts';
import type { OutboundTls } from '../../platform/outbound.ts';
import { maskUrl } from '../../platform/urls.ts';
import { readContainer } from './container.ts';
import type { Remedy } from './remedy.ts';

const SOCKET = '/var/run/docker.sock';

/**
 * Restarts one container. The executor itself asks the engine whether the container carries the label (unless the policy says that its name is
 * enough): a name that came to mean another container restarts nothing. It is restarted by the id that was looked at.
 */
export const docker: Remedy<z.output<typeof DockerRemedy>> = {
  describe: ({ container, url, socket }) =>
    `restart the container ${container} on ${url === undefined ? (socket ?? SOCKET) : maskUrl(url, { everyValue: true })}`,

  async act(declared, { outbound, clock, signal }) {
    const { container, url, socket, tls, label, requireLabel, onlyFailing } = declared;
    const end = clock.monotonic() + (parseDuration(declared.timeout) ?? 0);
    const engine = createEngine({ outbound, clock, place: { url, socket, tls: tls as OutboundTls | undefined } });
    const limits = () => ({ timeoutMs: end - clock.monotonic(), signal });
    try {
      const json = await engine.inspect(container, limits());
      if (json === undefined) return { done: false, detail: `the engine knows no container "${container}"` };
      const found = readContainer(json);
      if (!found) return { done: false, detail: 'the engine described no container' };
      const [key = '', value = ''] = label.split(/=(.*)/s);
      if (requireLabel && found.labels[key] !== value)
        return { done: false, detail: `the container does not carry the label ${label}, so it is not restarted` };
      if (onlyFailing && found.condition !== 'failing')
        return { done: false, needless: true, detail: `${found.reason} right before the act: nothing was done` };
      await engine.restart(found.id, parseDuration(declared.grace) ?? 0, limits());
      return { done: true, detail: `${container} (${found.id.slice(0, 12)}) was restarted` };
    } catch (error) {
      if (error instanceof EngineError) return { done: false, detail: error.message };
      throw error;
    }
  },
};
