import type { InstanceProbe } from '@orrery/protocol';
import type { z } from 'zod';
import { parseShallowJson } from '../../platform/json.ts';
import type { OutboundAnswer } from '../../platform/outbound.ts';
import { failed, ms, shown, tooSlow } from './common.ts';
import { type HealthReading, readHealth } from './health.ts';
import type { CheckContext, InstanceChecks, Outcome, ProbeFamily, ProbeSpec } from './probe.ts';
import { type Pulled, pullCapabilities, pullLogs, pullMetrics } from './pull.ts';

type Spec = ProbeSpec & {
  base: string;
  project: string;
  metrics: boolean;
  logs: boolean;
  slowAfterMs: number | undefined;
};

const CAPABILITIES_EVERY_MS = 5 * 60_000;

/** The process that speaks for a project: its health decides; its metrics, logs and manifest are read along the way. */
export const instance: ProbeFamily<z.output<typeof InstanceProbe>, Spec> = {
  compile(declared, project) {
    const base = (declared.url ?? project.hubUrl).replace(/\/+$/, '');
    return {
      base,
      project: project.slug,
      target: shown(`${base}/api/health`),
      intervalMs: ms(declared.interval),
      everyMs: ms(declared.interval),
      timeoutMs: ms(declared.timeout),
      failAfter: declared.failAfter,
      recoverAfter: declared.recoverAfter,
      metrics: declared.metrics,
      logs: declared.logs,
      slowAfterMs: declared.slowAfter === undefined ? undefined : ms(declared.slowAfter),
    };
  },

  async check(spec, context) {
    const { outbound, clock, apiKey, signal } = context;
    const started = clock.monotonic();
    let answer: OutboundAnswer;
    try {
      answer = await outbound.request({
        url: `${spec.base}/api/health`,
        timeoutMs: spec.timeoutMs,
        as: spec.project,
        headers: {
          accept: 'application/json, application/health+json;q=0.9, */*;q=0.1',
          ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
        },
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      return failed(`GET ${spec.target}`, error, clock.monotonic() - started);
    }
    const reading = readAnswer(answer);
    const outcome = judgeHealth(reading, answer.latencyMs, spec);
    // An answer that is no health report promises nothing of the other routes.
    return answer.status === 200 || reading.checks ? readAlong(spec, context, outcome) : outcome;
  },
};

function readAnswer({ status, headers, body }: OutboundAnswer): HealthReading {
  const claimsJson = /[/+]json\b/i.test(headers['content-type'] ?? '');
  const text = body.toString('utf8');
  const json = claimsJson || /^\s*\{/.test(text.slice(0, 100)) ? parseShallowJson(text) : undefined;
  return readHealth({ status, json, claimsJson, bytes: body.length });
}

function judgeHealth(reading: HealthReading, latencyMs: number, spec: Spec): Outcome {
  const slow = reading.status === 'up' ? tooSlow(latencyMs, spec.slowAfterMs) : undefined;
  return { ...reading, ...(slow ? { status: 'degraded', reason: slow } : {}), latencyMs, heard: true };
}

/** Adds metrics, logs and the manifest. What goes wrong there is shown among the instance's checks and does not change its health. */
async function readAlong(spec: Spec, context: CheckContext, outcome: Outcome): Promise<Outcome> {
  const { memory, clock } = context;
  const asked = { base: spec.base, project: spec.project, timeoutMs: spec.timeoutMs };
  const newVersion = outcome.version !== memory.version;
  const due =
    newVersion || clock.monotonic() - (memory.capabilitiesAt ?? Number.NEGATIVE_INFINITY) >= CAPABILITIES_EVERY_MS;
  const [metrics, logs, manifest] = await Promise.all([
    spec.metrics ? pullMetrics(asked, context) : undefined,
    spec.logs ? pullLogs(asked, context) : undefined,
    due ? pullCapabilities(asked, context) : undefined,
  ]);
  if (manifest) {
    memory.capabilitiesAt = clock.monotonic();
    if (outcome.version !== undefined) memory.version = outcome.version;
  }
  const problems: InstanceChecks = {
    ...problem('metrics route', metrics),
    ...problem('logs route', logs),
  };
  return {
    ...outcome,
    ...(metrics?.kind === 'read' ? metrics.value : {}),
    ...(metrics?.kind === 'broken' ? { refused: { metrics_unreadable: 1 } } : {}),
    ...(logs === undefined ? {} : { logs: logs.kind === 'read' ? logs.value : silentLogs(logs, context) }),
    ...(manifest?.kind === 'read' ? { capabilities: manifest.value } : {}),
    ...(Object.keys(problems).length > 0 ? { checks: { ...outcome.checks, ...problems } } : {}),
  };
}

const problem = (name: string, pulled: Pulled<unknown> | undefined): InstanceChecks =>
  pulled?.kind === 'broken' ? { [name]: { ok: false, detail: pulled.problem } } : {};

const silentLogs = (pulled: Exclude<Pulled<unknown>, { kind: 'read' }>, { logs }: CheckContext) => ({
  entries: [],
  position: { ...logs, note: pulled.kind === 'broken' ? pulled.problem : pulled.note },
});
