/** 500 injection strings: breakers, boolean, stacked, timed and union payloads, also in the clothes of our own keys. */
export function injections(): string[] {
  const open = ["'", '"', "')", '"))', '`', '\\', "';", '%27', '0', 'orr_'];
  const middle = [
    ' OR 1=1',
    ' OR true',
    ' AND SLEEP(5)',
    '; DROP TABLE api_keys',
    ' UNION SELECT NULL,NULL',
    '||pg_sleep(5)',
  ];
  const end = ['--', ' --+', '#', '/*', ';', "='", '\u00a0', ', ', "' LIKE '%"];
  const all = open.flatMap((a) => middle.flatMap((b) => end.map((c) => `${a}${b}${c}`)));
  const shaped = all.slice(0, 40).map((text) => `orr_0123456789abcdef_${text}`);
  return [...all.slice(0, 460), ...shaped];
}
