import { isIP } from 'node:net';

/** A reader turns the text of a variable into its value, or says what is wrong with it (never repeating it: it may be a secret). */
export type Reading = { ok: string | number | boolean | string[] } | { reason: string };
type Reader = (text: string) => Reading;

const EMAIL = /^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/;
const HOST =
  /^(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?$/;
/** A header's name, and its value percent-encoded: no separator, no broken escape. */
const HEADER = /^[\w!#$%&'*+.^`|~-]+\s*=(?:[^\s,%\p{Cc}]|%[0-9a-fA-F]{2}| )*$/u;
const PLATFORM = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}=https?:\/\//;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const url =
  (...protocols: string[]): Reader =>
  (text) => {
    const wanted = `must be a URL that starts with ${protocols.map((p) => `${p}://`).join(' or ')}`;
    const parsed = URL.parse(text);
    if (text.length > 2048) return { reason: 'is longer than 2048 characters' };
    if (!parsed || !protocols.includes(parsed.protocol.slice(0, -1))) return { reason: wanted };
    return { ok: text };
  };

const oneOf =
  (...words: string[]): Reader =>
  (text) =>
    words.includes(text) ? { ok: text } : { reason: `must be one of ${words.join(', ')}` };

const list =
  (what: string, test: (item: string) => boolean): Reader =>
  (text) => {
    const items = text.split(',').map((item) => item.trim());
    if (items.length > 50) return { reason: 'holds more than 50 entries' };
    const wrong = items.findIndex((item) => !test(item));
    return wrong < 0 ? { ok: items } : { reason: `entry ${wrong + 1} of the comma-separated list is no ${what}` };
  };

const shortest =
  (min: number, unit: string, length: (text: string) => number): Reader =>
  (text) =>
    length(text) >= min ? { ok: text } : { reason: `is too short: it needs ${min} ${unit} or more` };

/** How each kind of variable is read. */
export const FORMATS = {
  text: (text) => ({ ok: text }),
  path: (text) => (text.includes('\0') ? { reason: 'holds a NUL character' } : { ok: text }),
  secret: (text) => (/[\r\n]/.test(text) ? { reason: 'holds a line break' } : { ok: text }),
  password: shortest(12, 'characters', (text) => [...text].length),
  masterKey: shortest(32, 'bytes', (text) => Buffer.byteLength(text)),
  masterKeys: list('master key of 32 bytes or more', (item) => Buffer.byteLength(item) >= 32),
  host: (text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1');
    // Digits and dots alone are an attempt at an address, not a name.
    const named = HOST.test(bare) && !/^[\d.]+$/.test(bare);
    return isIP(bare) || named ? { ok: bare } : { reason: 'must be an IP address or a host name' };
  },
  port: (text) => {
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return { ok: Number(text) };
    // Kubernetes sets <SERVICE>_PORT=tcp://… in every pod beside a service of that name.
    const links = text.startsWith('tcp://')
      ? '; Kubernetes set this one: put enableServiceLinks: false into the pod'
      : '';
    return { reason: `must be a whole number from 0 to 65535${links}` };
  },
  boolean: (text) => {
    if (/^(true|1|yes|on)$/i.test(text)) return { ok: true };
    if (/^(false|0|no|off)$/i.test(text)) return { ok: false };
    return { reason: 'must be true or false' };
  },
  httpUrl: (text) => {
    const read = url('http', 'https')(text);
    return 'ok' in read ? { ok: text.replace(/\/+$/, '') } : read;
  },
  smtpUrl: url('smtp', 'smtps'),
  postgresUrl: url('postgres', 'postgresql'),
  natsUrl: url('nats', 'tls'),
  redisUrl: url('redis', 'rediss'),
  email: (text) => (EMAIL.test(text) ? { ok: text } : { reason: 'must be an e-mail address' }),
  emails: list('e-mail address', (item) => EMAIL.test(item)),
  headers: (text) => {
    const wrong = text.split(',').findIndex((pair) => !HEADER.test(pair.trim()));
    return wrong < 0
      ? { ok: text }
      : { reason: `entry ${wrong + 1} of the comma-separated list is no name=value pair` };
  },
  platforms: list('name=url pair', (item) => PLATFORM.test(item) && URL.canParse(item.slice(item.indexOf('=') + 1))),
  positive: (text) =>
    /^\d{1,9}(\.\d{1,6})?$/.test(text) && Number(text) > 0
      ? { ok: Number(text) }
      : { reason: 'must be a number greater than 0' },
  hostPorts: list('host:port', (item) => /^[^\s:]+:\d{1,5}$/.test(item)),
  scope: oneOf('meta', 'project'),
  logLevel: oneOf(...LEVELS),
} as const satisfies Record<string, Reader>;
