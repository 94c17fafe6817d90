import type { HealPolicy } from '@orrery/protocol';
import { HealPolicy as Policy } from '@orrery/protocol';
import { describe, expect, it, test } from 'vitest';
import type { ProbeState } from './context.ts';
import { failureOf, remedyFormOf, symptomOf } from './symptom.ts';

describe('the class of a failure, by the words of the probes', () => {
  it.each([
    ['answered HTTP 503, expected 200–299', 'failing'],
    ['HTTP http://x/: the connection was refused: nothing listens there', 'unreachable'],
    ['http://x/: there is no way to that address (EHOSTUNREACH)', 'unreachable'],
    ['the connection was not answered in time', 'unresponsive'],
    ['no "ready" within 800 ms; 0 bytes came', 'unresponsive'],
    ['answered in 2400 ms, slower than 1000 ms', 'slow'],
    ['tls_expired: the certificate of shop.test expired at 2026-11-01, 3 days ago', 'certificate'],
    ['the name shop.test does not exist (dns_name, ENOTFOUND)', 'dns'],
    ['the container is unhealthy (3 times in a row): exit 1', 'unhealthy'],
    ['the container is restarting, after exit code 137', 'restarting'],
    ['the container is exited, with exit code 137', 'stopped'],
    ['the body (12 bytes) lacks the keyword "ready"', 'malformed'],
    ['the job reported a failure 3 s ago', 'failing'],
    ['PING was answered with the error LOADING', 'failing'],
    ['something that no probe has said so far', 'other'],
  ] as const)('%s', (reason, wanted) => expect(failureOf(reason)).toBe(wanted));
});

const policy = (over: object = {}): HealPolicy =>
  Policy.parse({ name: 'relight', remedy: { kind: 'docker', container: 'shop-api-1' }, ...over });
const alert = {
  ...({ project: 'shop', service: 'api', category: 'availability', severity: 'critical' } as const),
  title: 'shop/api is down',
  description: '',
};
const state = (service: string, status: ProbeState['status'], kind: string, reason: string): ProbeState => ({
  ...{ project: 'shop', service, status, kind, reason },
  ...{ since: 1, lastCheckAt: 1, consecutiveFailures: 2 },
});

describe('what is general about a trouble', () => {
  it('is the worst of the checks of its own service', () => {
    const states = [
      state('web', 'down', 'tcp', 'the connection was refused: nothing listens there'),
      state('api', 'degraded', 'http', 'answered in 900 ms, slower than 500 ms'),
      state('api', 'down', 'docker', 'the container is unhealthy'),
    ];
    expect(symptomOf(alert, policy(), states, 'memory')).toEqual({
      ...{ category: 'availability', severity: 'critical', check: 'docker', failure: 'unhealthy', cause: 'memory' },
    });
  });

  it('is read from the words of an alert of which nothing else is left', () => {
    const description =
      'The http probe of http://127.0.0.1:5401 says down since 2026-03-10T11:59:30.000Z: answered HTTP 503, expected 200–299, 4 checks in a row.';
    expect(symptomOf({ ...alert, description }, policy(), [], undefined)).toMatchObject({
      ...{ check: 'http', failure: 'failing' },
    });
  });

  it('is the metric and the side of its limit, of a threshold', () => {
    const when = { metric: 'queue.depth' };
    const over = { ...alert, title: 'shop/api: queue.depth is above 100' };
    expect(symptomOf(over, policy({ when }), [], undefined)).toMatchObject({
      ...{ check: 'metric queue.depth', failure: 'above', cause: null },
    });
    const under = { ...alert, title: 'too few', description: 'queue.depth is 3; the limit is below 5.' };
    expect(symptomOf(under, policy({ when }), [], undefined).failure).toBe('below');
  });
});

test('the general form of a remedy holds nothing of its place: no address, container, path or value', () => {
  const form = (remedy: object) => remedyFormOf(policy({ remedy })).form;
  expect(form({ kind: 'docker', container: 'shop-api-1', url: 'https://engine.internal' })).toBe('restart a container');
  expect(form({ kind: 'action', action: 'cache.clear', params: { key: 'secret' } })).toBe('ask for cache.clear');
  expect(form({ kind: 'command', run: ['/usr/bin/systemctl', 'restart', 'shop-api'] })).toBe('run systemctl restart');
  expect(form({ kind: 'command', run: ['/opt/fix.sh', '--token=abc'] })).toBe('run fix.sh, as relight');
  expect(form({ kind: 'webhook', url: 'https://ops.shop.test/hook/secret' })).toBe('webhook, as relight');
});
