import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export type Mail = {
  from: string;
  to: string[];
  /** Unfolded and decoded, by lower-case name. */
  headers: Record<string, string>;
  /** The mail as it came over the wire. */
  raw: string;
  text: string;
  html: string;
};

export type SmtpService = {
  /** `smtp://127.0.0.1:PORT` */
  url: string;
  mails: Mail[];
  /** From now on: takes mails, refuses them with a code (450 later, 550 never), or never answers to their content. */
  behave(next: 'take' | { refuse: number } | 'hang'): void;
  close(): Promise<void>;
};

/** A real SMTP server on 127.0.0.1 that keeps the mails it takes. */
export async function startSmtp(): Promise<SmtpService> {
  const mails: Mail[] = [];
  let behaviour: 'take' | { refuse: number } | 'hang' = 'take';
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    async onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      if (behaviour === 'hang') return;
      if (behaviour !== 'take')
        return callback(Object.assign(new Error('not taken'), { responseCode: behaviour.refuse }));
      const { mailFrom, rcptTo } = session.envelope;
      mails.push({
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        ...readMail(Buffer.concat(chunks).toString('latin1')),
      });
      callback();
    },
  });
  server.on('error', () => undefined); // A client that goes away in the middle is part of the tests.
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    mails,
    behave(next) {
      behaviour = next;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type Part = { headers: Record<string, string>; body: string };

function readMail(raw: string): Pick<Mail, 'headers' | 'raw' | 'text' | 'html'> {
  const whole = readPart(raw);
  const boundary = /boundary="?([^";]+)"?/i.exec(whole.headers['content-type'] ?? '')?.[1];
  const parts = boundary
    ? whole.body
        .split(`--${boundary}`)
        .slice(1, -1)
        .map((part) => readPart(part.replace(/^\r\n/, '')))
    : [whole];
  const find = (type: string) => parts.find(({ headers }) => headers['content-type']?.startsWith(type));
  const decoded = (part: Part | undefined) => (part ? decodeBody(part) : '');
  return {
    headers: whole.headers,
    raw: Buffer.from(raw, 'latin1').toString('utf8'),
    text: decoded(find('text/plain')),
    html: decoded(find('text/html')),
  };
}

function readPart(text: string): Part {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const headers = Object.fromEntries(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
    }),
  );
  return { headers, body: text.slice(end + 4) };
}

const fromHex = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

/** RFC 2047 encoded words, as they stand in a header. */
const decodeWords = (text: string): string =>
  text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, how: string, word: string) =>
      (how.toUpperCase() === 'B' ? Buffer.from(word, 'base64') : fromHex(word.replaceAll('_', ' '))).toString('utf8'),
    );

function decodeBody({ headers, body }: Part): string {
  const how = headers['content-transfer-encoding']?.toLowerCase();
  if (how === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (how === 'quoted-printable') return fromHex(body.replace(/=\r\n/g, '')).toString('utf8');
  return Buffer.from(body, 'latin1').toString('utf8');
}
