import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { OutboundError, type Pool } from '../../platform/outbound.ts';
import { isObject } from '../wire/api.ts';
import { type Book, type Provider, pickKey } from './book.ts';

const PROBE_MS = 5000;
const MAX_LIST = 4 * 1024 * 1024;

/** Asks every provider which models it has: that costs nothing, and says whether it is there and takes the key. */
export async function probeAll(deps: { book: Book; pool: Pool; clock: Clock; log: Log }): Promise<void> {
  await Promise.all(deps.book.all().map((provider) => probe(deps.pool, provider)));
}

async function probe(pool: Pool, provider: Provider): Promise<void> {
  const key = pickKey(provider) ?? provider.keys[0];
  try {
    const { status, text } = await get(pool, provider, provider.family.auth(key?.secret));
    if (status === 401 || status === 403) provider.stats.probed({ ok: false, detail: `refuses the key (${status})` });
    else if (status >= 500) provider.stats.probed({ ok: false, detail: `answers ${status}` });
    else provider.stats.probed({ ok: true, detail: `answers ${status}`, models: modelsOf(text) });
  } catch (error) {
    provider.stats.probed({ ok: false, detail: error instanceof Error ? error.message : String(error) });
  }
}

function get(
  pool: Pool,
  provider: Provider,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      reject(new OutboundError('timeout', `no answer within ${PROBE_MS} ms`));
      exchange.abort(new OutboundError('timeout', 'no answer in time'));
    }, PROBE_MS);
    const exchange = pool.send(
      {
        origin: provider.origin,
        path: provider.base + provider.family.path('models'),
        method: 'GET',
        headers: { accept: 'application/json', ...headers },
      },
      {
        head(given) {
          status = given;
        },
        data(chunk) {
          size += chunk.length;
          if (size <= MAX_LIST) chunks.push(chunk);
          else exchange.abort(new OutboundError('too_large', 'the list of models is too large'));
        },
        end() {
          clearTimeout(timer);
          resolve({ status, text: Buffer.concat(chunks).toString('utf8') });
        },
        fail(error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}

function modelsOf(text: string): ReadonlySet<string> {
  try {
    const body: unknown = JSON.parse(text);
    const items = isObject(body) && Array.isArray(body.data) ? body.data : [];
    return new Set(
      items
        .flatMap((item) => (isObject(item) && typeof item.id === 'string' ? [item.id.slice(0, 200)] : []))
        .slice(0, 1000),
    );
  } catch {
    return new Set();
  }
}
