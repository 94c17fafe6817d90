-- What is on its way to Kafka: written in the transaction of what it tells of, gone when a broker has acknowledged it.
CREATE TABLE kafka_outbox (
  seq {{identity}},
  topic TEXT NOT NULL,
  key TEXT,
  value TEXT NOT NULL,
  at BIGINT NOT NULL
);
