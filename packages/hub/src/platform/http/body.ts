import { HubError } from '../errors.ts';
import { isDeeper } from '../json.ts';
import type { Route } from './route.ts';

const DEFAULT_LIMIT = 1024 * 1024;
const JSON_TYPES = ['application/json'] as const;
/** Deeper than anything honest; a body of brackets alone would take some hundred times its size in memory. */
const MAX_DEPTH = 200;

/** Reads and parses a JSON body: its type first, then its size while it arrives, then its syntax. */
export async function readJson(request: Request, route: Pick<Route, 'bodyLimit' | 'bodyTypes'>): Promise<unknown> {
  const types = route.bodyTypes ?? JSON_TYPES;
  const given = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.includes(given))
    throw new HubError(
      'unsupported',
      `Send the body as ${types.join(' or ')}${given ? `, not as ${given}` : ' (content-type is missing)'}.`,
    );
  const limit = route.bodyLimit ?? DEFAULT_LIMIT;
  const tooLarge = () => new HubError('too_large', `The body is larger than ${limit} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  const text = new TextDecoder('utf-8').decode(Buffer.concat(chunks));
  if (isDeeper(text, MAX_DEPTH))
    throw new HubError('invalid', `The body is nested deeper than ${MAX_DEPTH}.`, {
      fields: [{ field: 'body', reason: `is nested deeper than ${MAX_DEPTH}` }],
    });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HubError(
      'invalid',
      `The body is no valid JSON: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300),
      {
        fields: [{ field: 'body', reason: 'is no valid JSON' }],
      },
    );
  }
}

/** The query as an object; a name that stands more than once becomes a list. */
export function readQuery(url: URL): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of url.searchParams) {
    const known = query[name];
    query[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return { ...query };
}
