import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prometheus } from './peers.ts';
import { median } from './report.ts';

export type PastSeries = { name: string; labels?: string; points(): Iterable<{ at: number; value: number }> };

/** Blocks of Prometheus's storage with these series in them, as its own tool builds them; the folder, for its server to open. */
export async function backfill(dir: string, series: readonly PastSeries[], blockOf: string): Promise<string> {
  const text = join(dir, 'samples.txt');
  const data = join(dir, 'data');
  mkdirSync(data);
  const file = createWriteStream(text);
  let lines = '';
  const flush = async () => {
    if (!file.write(lines)) await once(file, 'drain');
    lines = '';
  };
  for (const { name, labels = '', points } of series) {
    for (const { at, value } of points()) {
      lines += `${name}${labels} ${value} ${at / 1000}\n`;
      if (lines.length > 1 << 20) await flush();
    }
  }
  lines += '# EOF\n';
  await flush();
  file.end();
  await once(file, 'close');
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', `--max-block-duration=${blockOf}`, text, data];
  const { status, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`promtool: ${stderr}`);
  rmSync(text);
  return data;
}

/** Bytes of all files under a folder. */
export const sizeOf = (dir: string): number =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

/** The median time in ms of some range queries, the first one among them; one that finds nothing is an error. */
export async function askRange(
  { url }: Pick<Prometheus, 'url'>,
  query: string,
  span: { from: number; to: number; step: number },
  reads: number,
): Promise<number> {
  const address = new URL(`${url}/api/v1/query_range`);
  const asked = { query, start: span.from / 1000, end: span.to / 1000, step: span.step / 1000 };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, String(value));
  const times: number[] = [];
  for (let i = 0; i < reads; i++) {
    const began = performance.now();
    const response = await fetch(address);
    const { data } = (await response.json()) as { data?: { result: { values: unknown[] }[] } };
    times.push(performance.now() - began);
    if (!data?.result[0]?.values.length) throw new Error(`the peer knows nothing of ${query}`);
  }
  return median(times);
}

/** Samples a second that Prometheus's storage takes by itself, without a server before it: its own benchmark, into a folder that goes away. */
export function ownWriteRate(dir: string, names: readonly string[], scrapes: number): number {
  const series = join(dir, 'series.json');
  const out = join(dir, 'written');
  writeFileSync(series, names.map((name) => JSON.stringify({ __name__: name })).join('\n'));
  const args = ['tsdb', 'bench', 'write', `--metrics=${names.length}`, `--scrapes=${scrapes}`, `--out=${out}`, series];
  const { stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  rmSync(out, { recursive: true, force: true });
  const rate = Number(/samples\/sec: (\S+)/.exec(`${stdout}${stderr}`)?.[1]);
  if (!(rate > 0)) throw new Error(`promtool says no rate: ${stderr}`);
  return rate;
}
