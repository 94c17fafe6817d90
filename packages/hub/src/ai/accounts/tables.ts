export type OpenRow = {
  id: string;
  /** The hub that has it under way. */
  hub: string;
  at: number;
  /** What is known of the call, as JSON. */
  facts: string;
  /** JSON: [[counter, start], …]. */
  held: string;
  tokens: number;
  nano: number;
};

export type CallRow = {
  id: string;
  at: number;
  tenant: string | null;
  project: string | null;
  key_id: string | null;
  end_user: string | null;
  caller_kind: string;
  caller_id: string;
  caller_name: string;
  intent: string;
  protocol: string;
  stream: number;
  model_asked: string;
  provider: string | null;
  model: string | null;
  provider_key: string | null;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  /** 1: the provider did not say, and these are our own figures. */
  estimated: number;
  cost_nano: number | null;
  price_source: string | null;
  latency_ms: number;
  first_token_ms: number | null;
  overhead_us: number;
  outcome: string;
  status: number;
  failovers: number;
  cached: number;
  error: string | null;
  /** JSON: why this provider, and which failed before it. */
  decision: string | null;
};

export type CounterRow = {
  counter: string;
  start_at: number;
  used_requests: number;
  used_tokens: number;
  used_nano: number;
  held_requests: number;
  held_tokens: number;
  held_nano: number;
  refused: number;
};

export type UsageRow = {
  span: 'hour' | 'day';
  start_at: number;
  tenant: string;
  project: string;
  key_id: string;
  intent: string;
  provider: string;
  model: string;
  calls: number;
  ok: number;
  refused: number;
  unpriced: number;
  failovers: number;
  cached: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cost_nano: number;
  latencies: string;
};

export type AccountTables = {
  ai_open: OpenRow;
  ai_calls: CallRow;
  ai_counters: CounterRow;
  ai_budgets: { name: string; declaration: string; created_by: string; created_at: number };
  ai_usage: UsageRow;
  ai_rolled: { span: 'hour' | 'day'; until_at: number };
  ai_contents: { call_id: string; tenant: string; at: number; until_at: number; sealed: string };
};
