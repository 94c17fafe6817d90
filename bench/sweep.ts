import type { FanoutAnswer, FanoutDetail } from '@orrery/protocol';
import { startHub } from '../test/services/hub.ts';
import { declare, MESH_KEY, serveInstance } from '../test/services/instances.ts';
import { until } from '../test/services/until.ts';
import { figure } from './tools/report.ts';

/** Usage: node bench/sweep.ts. One sweep over 50 instances by real HTTP, one hanging, one refusing, one forging its audit id. */
const good = await Promise.all(Array.from({ length: 47 }, (_, i) => serveInstance(`good-${i}`)));
const hanging = await serveInstance('hanging', { answer: (request) => request.method === 'POST' });
const refusing = await serveInstance('refusing', { meshKey: 'another-mesh-key-than-the-hub-has' });
const forging = await serveInstance('forging', {
  answer(request, response) {
    if (request.method === 'POST')
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"auditId":"invented-1","accepted":true}');
    return request.method === 'POST';
  },
});
const all = [...good, hanging, refusing, forging];
const hub = await startHub({ yaml: declare(all), env: { MESH_HMAC_KEY: MESH_KEY } });
try {
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const answer = await hub.api.post<FanoutAnswer>('/api/fed/actions', { action: 'fed.audit.security.sweep' });
    const { requestId } = answer.body;
    const detail = await until(
      async () => {
        const now = await hub.api.read<FanoutDetail>(`/api/fed/actions/${requestId}`);
        const known = now.results.every(({ status, run }) => status === 'failed' || run?.status === 'succeeded');
        return known && now;
      },
      { what: 'the truth of all 50', timeoutMs: 30_000 },
    );
    took.push(performance.now() - began);
    const { sent, failed } = detail.counts;
    if (sent !== 47 || failed !== 3) throw new Error(`${sent} were sent and ${failed} failed, of 47 and 3`);
  }
  figure({
    what: 'a sweep over 50 instances until all 50 results are true, slowest of 5',
    unit: 's',
    ours: Math.max(...took) / 1000,
    bar: { atMost: 3 },
    note: 'one hangs, one refuses, one gives an audit id that it does not know',
  });
} finally {
  await hub.dispose();
  for (const one of all) one.stop();
}
