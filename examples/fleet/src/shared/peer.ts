import type { Instance } from '@orrery/sdk';

/** Another product of the fleet, as one product calls it. */
export type Peer = {
  post(path: string, body: unknown): Promise<{ status: number; body: unknown }>;
  /** Whether it says that it is well, within 1.8 s. */
  isWell(): Promise<{ ok: boolean; detail: string }>;
};

const REPORT_EVERY_MS = 60_000;
const BUSY_CALLS_PER_MINUTE = 60;

/** Calls the peer within 3 s, and once a minute reports the edge that these calls prove. */
export function createPeer(instance: Instance, toProject: string, url: string): Peer {
  let calls = 0;
  let failures = 0;
  setInterval(() => {
    if (calls === 0) return;
    const strength = Math.min(1, calls / BUSY_CALLS_PER_MINUTE);
    instance.edge({ toProject, kind: 'api', strength, proof: { calls, failures, windowMs: REPORT_EVERY_MS } });
    calls = 0;
    failures = 0;
  }, REPORT_EVERY_MS).unref();
  return {
    async post(path, body) {
      calls++;
      try {
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-user': instance.project },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(3000),
        });
        const answer: unknown = await response.json();
        if (response.status >= 500) failures++;
        return { status: response.status, body: answer };
      } catch (error) {
        failures++;
        instance.logs.write('warn', `${toProject} did not answer ${path}`, { peer: toProject, error });
        throw error;
      }
    },
    async isWell() {
      try {
        const response = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(1800) });
        await response.json();
        return { ok: response.ok, detail: `${toProject} answers HTTP ${response.status}` };
      } catch (error) {
        return { ok: false, detail: `${toProject} does not answer: ${error instanceof Error ? error.message : error}` };
      }
    },
  };
}
