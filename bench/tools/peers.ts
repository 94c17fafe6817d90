import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, type Running, run } from './processes.ts';

/** Prometheus and blackbox_exporter as Debian packages them, on ports and in folders of their own. */
export type Prometheus = { url: string; pid: number; stop(): Promise<void> };

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    await wait(50);
  }
  throw new Error(`${url} does not answer`);
}

/** `config` is prometheus.yml; `rules` a rule file that it may name as rules.yml. */
export async function startPrometheus(options: {
  config: string;
  rules?: string;
  dataDir?: string;
  more?: readonly string[];
}): Promise<Prometheus> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-prometheus-'));
  writeFileSync(join(dir, 'prometheus.yml'), options.config);
  writeFileSync(join(dir, 'rules.yml'), options.rules ?? 'groups: []\n');
  const port = await freePort();
  const server = run('prometheus', [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${options.dataDir ?? join(dir, 'data')}`,
    '--storage.tsdb.retention.time=10y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
    ...(options.more ?? []),
  ]);
  await answering(`http://127.0.0.1:${port}/-/ready`);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: server.pid,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function startBlackbox(): Promise<Running & { address: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'orrery-bench-blackbox-'));
  const config = join(dir, 'blackbox.yml');
  writeFileSync(
    config,
    'modules:\n  http_2xx: { prober: http, timeout: 4s, http: { preferred_ip_protocol: ip4, follow_redirects: false } }\n',
  );
  const address = `127.0.0.1:${await freePort()}`;
  const exporter = run('prometheus-blackbox-exporter', [
    `--config.file=${config}`,
    `--web.listen-address=${address}`,
    '--log.level=error',
  ]);
  await answering(`http://${address}/metrics`);
  return {
    ...exporter,
    address,
    async stop() {
      await exporter.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A Prometheus that asks the exporter about every target, and alerts on the first failing answer. */
export function probingConfig(options: {
  targets: readonly string[];
  blackbox: string;
  intervalS: number;
  evaluationS: number;
}): { config: string; rules: string } {
  const { targets, blackbox, intervalS, evaluationS } = options;
  return {
    config: [
      `global: { scrape_interval: ${intervalS}s, scrape_timeout: ${Math.min(intervalS, 5)}s, evaluation_interval: ${evaluationS}s }`,
      'rule_files: [rules.yml]',
      'scrape_configs:',
      '  - job_name: blackbox',
      '    metrics_path: /probe',
      '    params: { module: [http_2xx] }',
      `    static_configs: [{ targets: ${JSON.stringify(targets)} }]`,
      '    relabel_configs:',
      '      - { source_labels: [__address__], target_label: __param_target }',
      '      - { source_labels: [__param_target], target_label: instance }',
      `      - { target_label: __address__, replacement: "${blackbox}" }`,
      '',
    ].join('\n'),
    rules: [
      'groups:',
      '  - name: probes',
      '    rules:',
      '      - { alert: Down, expr: probe_success == 0 }',
      '      - { alert: Slow, expr: probe_duration_seconds > 2 }',
      '',
    ].join('\n'),
  };
}
