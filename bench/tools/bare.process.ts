import { readFileSync } from 'node:fs';
import { get } from 'node:http';

/** The least that a prober in Node can do: one GET each interval on a fresh connection, the answer read and thrown away, nothing kept. */
const [file = '', intervalMs = '5000'] = process.argv.slice(2);
const urls: string[] = JSON.parse(readFileSync(file, 'utf8'));
const every = Number(intervalMs);

const look = (url: string) =>
  get(url, { agent: false, headers: { connection: 'close' } }, (response) => response.resume()).on(
    'error',
    () => undefined,
  );
for (const [i, url] of urls.entries()) setTimeout(() => setInterval(look, every, url), (i * every) / urls.length);
process.on('disconnect', () => process.exit());
