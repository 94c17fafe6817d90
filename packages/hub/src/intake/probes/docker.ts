import type { DockerProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { parseShallowJson } from '../../platform/json.ts';
import type { OutboundAnswer, OutboundRequest } from '../../platform/outbound.ts';
import { failed, shown, timing, tlsOf } from './common.ts';
import { readContainer } from './container.ts';
import type { CheckContext, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';

type Spec = ProbeSpec & {
  base: string;
  container: string;
  stopped: 'down' | 'degraded';
  way: Pick<OutboundRequest, 'socketPath' | 'tls'>;
};

const SOCKET = '/var/run/docker.sock';
/** A container with thousands of mounts and labels says more than most. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * A container, as its engine sees it: running, healthy, how often restarted. Two plain GET requests through the one way out, and no client
 * library: dockerode opens sockets of its own, where neither the address policy nor the deadline of the hub holds.
 */
export const docker: ProbeFamily<z.output<typeof DockerProbe>, Spec> = {
  compile(declared) {
    const { url, container } = declared;
    const socketPath = declared.socket ?? SOCKET;
    const tls = tlsOf(declared.tls);
    return {
      ...timing(declared),
      target: `${container} on ${url === undefined ? socketPath : shown(url)}`,
      base: url === undefined ? 'http://docker' : url.replace(/\/+$/, ''),
      container,
      stopped: declared.stopped,
      way: url === undefined ? { socketPath } : tls ? { tls } : {},
    };
  },

  async check(spec, context: CheckContext): Promise<Outcome> {
    const { clock, memory } = context;
    const started = clock.monotonic();
    const passed = () => Math.round((clock.monotonic() - started) * 10) / 10;
    const ask = (path: string): Promise<OutboundAnswer> =>
      context.outbound.request({
        ...spec.way,
        url: `${spec.base}${path}`,
        maxBytes: MAX_BYTES,
        timeoutMs: Math.max(1, Math.ceil(spec.timeoutMs - passed())),
        ...(context.signal ? { signal: context.signal } : {}),
      });
    try {
      // The engine names the version that it speaks; asked again when it no longer takes that one.
      if (memory.apiVersion === undefined) {
        const ping = await ask('/_ping');
        if (ping.status !== 200) return noEngine(`answered HTTP ${ping.status} to a ping, expected 200`, passed());
        memory.apiVersion = versionOf(ping);
      }
      const answer = await ask(`/v${memory.apiVersion}/containers/${spec.container}/json`);
      if (answer.status !== 200) delete memory.apiVersion;
      return judge(spec, answer, passed());
    } catch (error) {
      return failed(`Docker ${spec.target}`, error, passed());
    }
  },
};

/** What every engine since 2017 speaks, should one not name its own. */
const FALLBACK_VERSION = '1.30';

const versionOf = ({ headers }: OutboundAnswer): string =>
  /^1\.\d{1,3}$/.exec(headers['api-version'] ?? '')?.[0] ?? FALLBACK_VERSION;

const noEngine = (what: string, latencyMs: number): Outcome => ({
  status: 'down',
  latencyMs,
  reason: `the engine ${what}`,
  heard: false,
});

function judge(spec: Spec, { status, body }: OutboundAnswer, latencyMs: number): Outcome {
  if (status === 404) return noEngine(`knows no container "${spec.container}"`, latencyMs);
  if (status !== 200) return noEngine(`answered HTTP ${status}, expected 200`, latencyMs);
  const reading = readContainer(parseShallowJson(body.toString('utf8')), spec.stopped);
  if (!reading) return noEngine(`answered ${body.length} bytes that describe no container`, latencyMs);
  const { running, ...outcome } = reading;
  return { ...outcome, latencyMs, heard: running };
}
