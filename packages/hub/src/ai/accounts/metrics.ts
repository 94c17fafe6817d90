import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CallRow } from './tables.ts';

/** Buckets of the OpenTelemetry GenAI conventions. */
const SECONDS = [0.01, 0.04, 0.16, 0.64, 2.56, 10.24, 40.96, 163.84];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
/** Models are named by providers and callers: after so many they are `other`, so that nobody can fill the hub's memory. */
const MOST_NAMES = 200;

const OPERATIONS: Readonly<Record<string, string>> = { embeddings: 'embeddings' };

/** What the ledger tells on /metrics: durations by the GenAI conventions, costs and outcomes. */
export function createCallMetrics(
  registry: Registry,
  live: () => { open: number; waiting: number; unwritten: number },
) {
  const labelNames = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'];
  const duration = new Histogram({
    name: 'gen_ai_client_operation_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: [...labelNames, 'error_type'],
    buckets: SECONDS,
    registers: [registry],
  });
  const tokens = new Histogram({
    name: 'gen_ai_client_token_usage',
    help: 'Tokens of a call, as its provider counted them.',
    labelNames: [...labelNames, 'gen_ai_token_type'],
    buckets: TOKENS,
    registers: [registry],
  });
  const cost = new Counter({
    name: 'orrery_ai_cost_usd_total',
    help: 'What calls have cost, in US dollars; calls without a known price are not in it.',
    labelNames: ['provider'],
    registers: [registry],
  });
  const calls = new Counter({
    name: 'orrery_ai_calls_total',
    help: 'AI calls by intent and outcome.',
    labelNames: ['intent', 'outcome'],
    registers: [registry],
  });
  const now = new Gauge({
    name: 'orrery_ai_calls_now',
    help: 'AI calls that are under way, wait for a place, or have ended and wait for the database.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, value] of Object.entries(live())) now.set({ state }, value);
    },
  });
  const names = new Set<string>();
  function bounded(name: string): string {
    if (names.has(name)) return name;
    if (names.size >= MOST_NAMES) return 'other';
    names.add(name);
    return name;
  }

  return (row: CallRow): void => {
    calls.inc({ intent: row.intent, outcome: row.outcome });
    if (row.provider === null) return;
    const labels = {
      gen_ai_operation_name: OPERATIONS[row.intent] ?? 'chat',
      gen_ai_provider_name: bounded(row.provider),
      gen_ai_request_model: bounded(row.model ?? 'other'),
    };
    duration.observe({ ...labels, error_type: row.outcome === 'ok' ? '' : row.outcome }, row.latency_ms / 1000);
    // The conventions: only what was counted, not what is estimated.
    if (row.estimated === 0 && row.cached === 0 && row.input_tokens + row.output_tokens > 0) {
      tokens.observe({ ...labels, gen_ai_token_type: 'input' }, row.input_tokens);
      if (row.intent !== 'embeddings') tokens.observe({ ...labels, gen_ai_token_type: 'output' }, row.output_tokens);
    }
    if (row.cost_nano !== null && row.cost_nano > 0)
      cost.inc({ provider: labels.gen_ai_provider_name }, row.cost_nano / 1e9);
  };
}
