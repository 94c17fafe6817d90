import { OutboundError } from './error.ts';

/** What of a request a redirect may change. */
export type Hop<T = unknown> = {
  url: string;
  method: string;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | undefined;
  tls: T | undefined;
};

const FOLLOWED = new Set([301, 302, 303, 307, 308]);
/** What another origin may learn of us. */
const HARMLESS = new Set(['accept', 'accept-language', 'user-agent']);
const OF_THE_BODY = /^content-/;

/** Whether an answer asks to look elsewhere. */
export const isRedirect = (status: number, location: string | undefined): location is string =>
  FOLLOWED.has(status) && location !== undefined;

/**
 * The request that follows a redirect (RFC 9110, 15.4). To another origin goes nothing that was meant for the first: no credentials,
 * cookies, own headers, client certificate; and a body is not sent there at all. Throws `protocol` when it cannot be followed.
 */
export function nextHop<T>(from: Hop<T>, status: number, location: string): Hop<T> {
  const base = new URL(from.url);
  const to = URL.parse(location, from.url);
  if (!to) throw new OutboundError('protocol', `HTTP ${status} leads to no valid URL`);
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw new OutboundError('protocol', `HTTP ${status} leads to something else than http and https`);
  const same = to.origin === base.origin;
  // A user name in the answer is not ours to send.
  to.username = same ? base.username : '';
  to.password = same ? base.password : '';
  to.hash = '';
  const becomesGet =
    (status === 303 && from.method !== 'HEAD') || ((status === 301 || status === 302) && from.method === 'POST');
  const body = becomesGet ? undefined : from.body;
  if (!same && body !== undefined)
    throw new OutboundError('protocol', `HTTP ${status} leads to another origin, and the body is not sent there`);
  const headers = Object.entries(from.headers).filter(([name]) => {
    const plain = name.toLowerCase();
    return (same || HARMLESS.has(plain)) && !(becomesGet && OF_THE_BODY.test(plain));
  });
  return {
    url: to.href,
    method: becomesGet ? 'GET' : from.method,
    headers: Object.fromEntries(headers),
    body,
    tls: same ? from.tls : undefined,
  };
}
