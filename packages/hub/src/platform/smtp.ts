import { OutboundError } from './outbound.ts';

/** What an smtp:// or smtps:// URL says of a mail server. */
export type MailServer = {
  host: string;
  port: number;
  secure: boolean;
  auth?: { user: string; pass: string };
  requireTLS?: boolean;
  ignoreTLS?: boolean;
  name?: string;
  authMethod?: string;
  tls?: { rejectUnauthorized?: boolean; servername?: string };
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OutboundError('protocol', 'the user name or password of the mail server is not percent-encoded');
  }
}

const yes = (value: string): boolean => value === 'true' || value === '1';
const READ: Readonly<Record<string, (server: MailServer, value: string) => void>> = {
  requireTLS: (server, value) => {
    server.requireTLS = yes(value);
  },
  ignoreTLS: (server, value) => {
    server.ignoreTLS = yes(value);
  },
  name: (server, value) => {
    server.name = value;
  },
  authMethod: (server, value) => {
    server.authMethod = value;
  },
  'tls.rejectUnauthorized': (server, value) => {
    server.tls = { ...server.tls, rejectUnauthorized: yes(value) };
  },
  'tls.servername': (server, value) => {
    server.tls = { ...server.tls, servername: value };
  },
};

/**
 * Reads the URL of a mail server. Its query may say what is known here and nothing else: the mail library would take a proxy, a
 * program to run or a file to read from it. Throws `protocol`.
 */
export function parseSmtpUrl(text: string): MailServer {
  const url = URL.parse(text);
  const secure = url?.protocol === 'smtps:';
  if (!url || url.hostname === '' || (!secure && url.protocol !== 'smtp:'))
    throw new OutboundError('protocol', 'the address of the mail server is no smtp:// or smtps:// URL with a host');
  const server: MailServer = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port) || (secure ? 465 : 587),
    secure: secure || url.port === '465',
  };
  if (url.username || url.password) server.auth = { user: decoded(url.username), pass: decoded(url.password) };
  for (const [name, value] of url.searchParams) {
    const read = Object.hasOwn(READ, name) ? READ[name] : undefined;
    if (!read)
      throw new OutboundError(
        'protocol',
        `the address of the mail server asks for "${name.slice(0, 40)}"; it may ask for ${Object.keys(READ).join(', ')}`,
      );
    read(server, value);
  }
  return server;
}
