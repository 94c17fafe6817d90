import { describe, expect, it } from 'vitest';
import { createTelemetry } from './telemetry.ts';

const line = (text: string, start: string) => text.split('\n').find((one) => one.startsWith(start));

describe("the hub's own metrics", () => {
  it('say the same to two who scrape at once', async () => {
    const telemetry = createTelemetry('1.0.0');
    telemetry.counter('orrery_runs_total', 'Runs.', ['job'], async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return [{ labels: { job: 'a' }, value: 7 }];
    });
    const answers = await Promise.all([telemetry.text(), telemetry.text(), telemetry.text()]);
    for (const text of answers) expect(line(text, 'orrery_runs_total')).toBe('orrery_runs_total{job="a"} 7');
  });

  it('leave out what cannot be read, say so, and tell the rest', async () => {
    const telemetry = createTelemetry('1.0.0');
    let broken = false;
    telemetry.gauge('orrery_projects', 'Projects.', ['status'], async () => {
      if (broken) throw new Error('the database is gone');
      return [{ labels: { status: 'online' }, value: 3 }];
    });
    telemetry.gauge('orrery_leading', 'Leading.', [], async () => [{ labels: {}, value: 1 }]);
    expect(line(await telemetry.text(), 'orrery_projects{')).toBe('orrery_projects{status="online"} 3');
    broken = true;
    await telemetry.text();
    const text = await telemetry.text();
    expect(line(text, 'orrery_projects{')).toBeUndefined();
    expect(line(text, 'orrery_leading ')).toBe('orrery_leading 1');
    expect(line(text, 'orrery_metrics_failures_total{')).toMatch(/metric="orrery_projects"} \d/);
  });

  it('tell how late the event loop was, each figure once', async () => {
    const text = await createTelemetry('1.0.0').text();
    for (const figure of ['min', 'mean', 'p50', 'p90', 'p99', 'max']) {
      const name = `orrery_nodejs_eventloop_lag_${figure}_seconds`;
      expect(Number(line(text, `${name} `)?.split(' ')[1])).toBeGreaterThanOrEqual(0);
      expect(text.split(`# TYPE ${name} gauge`)).toHaveLength(2);
    }
  });
});
