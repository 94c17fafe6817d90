import { HubError } from '../platform/errors.ts';
import type { Asking } from '../platform/http/seen.ts';
import type { Caller } from './caller.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);

/**
 * Whether a request that changes something comes from our own pages. Browsers say so in Sec-Fetch-Site, older ones in Origin; a request
 * with neither comes from no browser and so from no foreign page.
 */
export function sameOrigin(request: Asking, publicUrl: string): boolean {
  if (SAFE.has(request.method)) return true;
  const origin = request.headers.get('origin');
  // Behind a proxy that rewrites the host, the public address is the one that the browser names.
  if (origin !== null && origin === originOf(publicUrl)) return true;
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  if (origin === null) return true;
  const host = request.headers.get('host') ?? new URL(request.url).host;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Throws forbidden when a session's cookie was sent along by a page of another origin; keys are never sent along by a browser. */
export function checkOrigin(request: Asking, publicUrl: string, caller: Pick<Caller, 'kind'>): void {
  if (caller.kind === 'user' && !sameOrigin(request, publicUrl)) throw foreignPage();
}

export const foreignPage = (): HubError =>
  new HubError('forbidden', 'This request comes from a page of another origin; use the console at its own address.');
