-- AI calls that are under way: written before a provider is asked, gone when the call is settled. What a hub leaves behind when it dies is
-- settled by the next start, or by another hub, with what was set aside for it. `held` lists the counters that hold it.
CREATE TABLE ai_open (
  id TEXT PRIMARY KEY,
  hub TEXT NOT NULL,
  at BIGINT NOT NULL,
  facts TEXT NOT NULL,
  held TEXT NOT NULL,
  tokens BIGINT NOT NULL,
  nano BIGINT NOT NULL
){{clustered}};

-- One narrow row a call, written once: ledger and audit in one. Costs are billionths of a US dollar; null is unpriced, not free.
CREATE TABLE ai_calls (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  tenant TEXT,
  project TEXT,
  key_id TEXT,
  end_user TEXT,
  caller_kind TEXT NOT NULL,
  caller_id TEXT NOT NULL,
  caller_name TEXT NOT NULL,
  intent TEXT NOT NULL,
  protocol TEXT NOT NULL,
  stream INTEGER NOT NULL,
  model_asked TEXT NOT NULL,
  provider TEXT,
  model TEXT,
  provider_key TEXT,
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  cache_read_tokens BIGINT NOT NULL,
  cache_write_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  estimated INTEGER NOT NULL,
  cost_nano BIGINT,
  price_source TEXT,
  latency_ms BIGINT NOT NULL,
  first_token_ms BIGINT,
  overhead_us BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER NOT NULL,
  failovers INTEGER NOT NULL,
  cached INTEGER NOT NULL,
  error TEXT,
  decision TEXT
){{clustered}};
CREATE INDEX ai_calls_at ON ai_calls (at);

-- What was used of each budget in each of its windows, what is set aside for calls under way, and how many calls it refused.
CREATE TABLE ai_counters (
  counter TEXT NOT NULL,
  start_at BIGINT NOT NULL,
  used_requests BIGINT NOT NULL,
  used_tokens BIGINT NOT NULL,
  used_nano BIGINT NOT NULL,
  held_requests BIGINT NOT NULL,
  held_tokens BIGINT NOT NULL,
  held_nano BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  PRIMARY KEY (counter, start_at)
){{clustered}};

-- Budgets that were declared through the API; those of orrery.yaml are not stored.
CREATE TABLE ai_budgets (
  name TEXT PRIMARY KEY,
  declaration TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Calls added up by hour and by day. Empty text stands for nothing. `latencies` is a sketch: [[bin, calls], …].
CREATE TABLE ai_usage (
  span TEXT NOT NULL,
  start_at BIGINT NOT NULL,
  tenant TEXT NOT NULL,
  project TEXT NOT NULL,
  key_id TEXT NOT NULL,
  intent TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  calls BIGINT NOT NULL,
  ok BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  unpriced BIGINT NOT NULL,
  failovers BIGINT NOT NULL,
  cached BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  cache_read_tokens BIGINT NOT NULL,
  cost_nano BIGINT NOT NULL,
  latencies TEXT NOT NULL,
  PRIMARY KEY (span, start_at, tenant, project, key_id, intent, provider, model)
){{clustered}};
-- Until when calls are added up: one row a span.
CREATE TABLE ai_rolled (
  span TEXT PRIMARY KEY,
  until_at BIGINT NOT NULL
);

-- Marks on their way to Grafana.
CREATE TABLE ai_annotations (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  body TEXT NOT NULL
);
