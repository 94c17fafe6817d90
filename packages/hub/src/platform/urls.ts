const SECRET_NAME = /key|token|secret|sig|pass|auth|code/i;

/**
 * A URL without what it carries of secrets: user and password, and the values of its query whose names speak of one; with `everyValue`
 * all of them.
 */
export function maskUrl(text: string, options: { everyValue?: boolean } = {}): string {
  const url = URL.parse(text);
  // Several hosts, as in postgres://ada:pw@a,b/x, are no URL to the platform, and a secret all the same.
  if (!url) return text.replace(/\/\/.*@/s, '//***@');
  const names = [...url.searchParams.keys()].filter((name) => options.everyValue || SECRET_NAME.test(name));
  if (!url.password && !url.username && names.length === 0) return text;
  if (url.password || url.username) {
    url.username = '***';
    url.password = '';
  }
  for (const name of names) url.searchParams.set(name, '***');
  return url.href;
}

/** A reference to an environment variable that would hold a masked value: `${VERIA_API_KEY}`. */
export const variable = (name: string, what: string): string =>
  `\${${`${name}_${what}`.replace(/[^a-zA-Z0-9]/g, '_').toUpperCase()}}`;
