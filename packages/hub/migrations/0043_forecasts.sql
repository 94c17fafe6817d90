-- The newest forecast of each series that is forecast. `choice` is what the last backtest came to, `path` the hours ahead; both JSON.
CREATE TABLE forecasts (
  series_id BIGINT PRIMARY KEY,
  project TEXT NOT NULL,
  key TEXT NOT NULL,
  service TEXT NOT NULL,
  tags TEXT NOT NULL,
  unit TEXT,
  state TEXT NOT NULL,
  reason TEXT,
  -- When it was last tried, whatever came of it.
  tried_at BIGINT NOT NULL,
  -- When the path was made; it outlives a try that failed.
  made_at BIGINT,
  data_until BIGINT,
  chosen_at BIGINT,
  choice TEXT,
  path TEXT
);
CREATE INDEX forecasts_by_project ON forecasts (project, key);
