/** A URL without what it carries of secrets: the password, and query values whose names speak of one. */
export function maskUrl(text: string): string {
  const url = URL.parse(text);
  if (!url) return text;
  const secretNames = [...url.searchParams.keys()].filter((name) => /key|token|secret|sig|pass|auth|code/i.test(name));
  if (!url.password && !url.username && secretNames.length === 0) return text;
  if (url.password) url.password = '***';
  else if (url.username) url.username = '***';
  for (const name of secretNames) url.searchParams.set(name, '***');
  return url.href;
}
