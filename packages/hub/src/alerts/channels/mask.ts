/** Where a hook stands, without its path and query: those often are the secret. */
export function maskHook(text: string): string {
  const url = URL.parse(text);
  if (!url) return '(no URL)';
  return url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/…`;
}
