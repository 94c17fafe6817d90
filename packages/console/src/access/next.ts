/** Only a path of our own may follow the sign-in: `next` comes from a link that anybody can write. */
export function safeNext(next: unknown): string {
  if (typeof next !== 'string' || !next.startsWith('/') || /^\/[/\\]/.test(next) || /[\\\n\r\t]/.test(next)) return '/';
  return next.startsWith('/admin/login') || next.startsWith('/setup') ? '/' : next;
}
