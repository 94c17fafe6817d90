import { OutboundError } from '../../platform/outbound.ts';
import { type MailServer, parseSmtpUrl } from '../../platform/smtp.ts';
import type { ChannelFamily, Outgoing, SendContext, SendOutcome } from './channel.ts';
import { mailHtml, mailText } from './mail.ts';
import { message, oneLine } from './message.ts';

/** Mail through any SMTP server; text and HTML, one conversation per alert. */
export const email: ChannelFamily<'email'> = {
  target: ({ to, smtpUrl }) =>
    `${to.map((address) => oneLine(address, 320)).join(', ')} via ${URL.parse(smtpUrl)?.host ?? '(no URL)'}`,
  async send({ smtpUrl, from, to }, outgoing, context) {
    const { outbound, timeoutMs, signal } = context;
    const started = performance.now();
    let server: MailServer;
    try {
      server = parseSmtpUrl(smtpUrl);
    } catch (error) {
      return failed(error as Error, timeoutMs);
    }
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      ...server,
      // The connection is opened by the one way out, like every other: to an address that was checked.
      getSocket: (_, callback) => {
        outbound.open({ host: server.host, port: server.port, timeoutMs, signal }).then(
          ({ socket }) => callback(null, { connection: socket }),
          (error: unknown) => callback(error as Error),
        );
      },
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      // The mail holds what products say of themselves: no attachment, file or URL is ever read for it.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      const info = await transport.sendMail({
        ...headers(outgoing, context),
        from: oneLine(from, 320),
        to: to.map((address) => oneLine(address, 320)),
        ...content(outgoing, context),
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
      });
      const refused =
        info.rejected.length > 0 ? `; ${info.rejected.length} of ${to.length} recipients were refused` : '';
      return { kind: 'delivered', detail: `accepted in ${Math.round(performance.now() - started)} ms${refused}` };
    } catch (error) {
      if (signal.aborted) return { kind: 'stopped', detail: 'the hub is stopping' };
      return failed(error as Error, timeoutMs);
    } finally {
      transport.close();
    }
  },
};

function content(outgoing: Outgoing, context: SendContext) {
  const told = message(outgoing, context);
  return { subject: told.subject, text: mailText(told), html: mailHtml(told) };
}

/** A Message-ID that is the same at every attempt, and a thread that holds all mails of one alert. */
function headers({ id, notification, possibleRepeat, opening }: Outgoing, { publicUrl }: SendContext) {
  const host = URL.parse(publicUrl)?.hostname.replace(/[^a-z0-9.-]/gi, '') || 'orrery.invalid';
  const thread = `<${notification.alert.id}@${host}>`;
  const first = opening === undefined || opening === id ? undefined : `<${opening}@${host}>`;
  return {
    messageId: `<${id}@${host}>`,
    ...(notification.type === 'channel.test'
      ? {}
      : { inReplyTo: first ?? thread, references: [thread, ...(first ? [first] : [])] }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Orrery-Delivery': id,
      ...(possibleRepeat ? { 'X-Orrery-Possible-Repeat': 'true' } : {}),
    },
  };
}

type SmtpError = { code?: string; originalCode?: string; responseCode?: number };

const WORDS: Record<string, string> = {
  EAUTH: 'the server did not accept the sign-in',
  ECONNECTION: 'the connection failed',
  ECONNREFUSED: 'the connection was refused: nothing listens there',
  EDNS: 'the name of the server could not be resolved',
  EENVELOPE: 'the server refused the sender or every recipient',
  EMESSAGE: 'the server refused the message',
  EPROTOCOL: 'the answer of the server was no valid SMTP',
  ESOCKET: 'the connection broke off',
  ETIMEDOUT: 'no answer in time',
  ETLS: 'the certificate or TLS of the server was not accepted',
};
/** After these the content of the mail was never sent. */
const BEFORE_CONTENT = new Set(['EAUTH', 'EDNS', 'EENVELOPE', 'ETLS', 'ECONFIG']);

function failed(error: Error & SmtpError, timeoutMs: number): SendOutcome {
  // There was no conversation yet. Its message is ours; nothing in it comes from the other side.
  if (error instanceof OutboundError) {
    const detail = `SMTP: ${error.message}`;
    return error.kind === 'forbidden_address' || error.kind === 'protocol'
      ? { kind: 'refused', detail }
      : { kind: 'unavailable', detail, mayHaveArrived: false };
  }
  const { code = '', originalCode = '', responseCode } = error;
  const words =
    code === 'EABORT' ? `no answer within ${timeoutMs} ms` : (WORDS[originalCode] ?? WORDS[code] ?? 'sending failed');
  const detail = `SMTP${responseCode === undefined ? '' : ` ${responseCode}`}: ${words}`;
  // 5xx is the server's last word on this mail; everything else is the server's own trouble.
  if (responseCode !== undefined && responseCode >= 500) return { kind: 'refused', detail };
  const mayHaveArrived = responseCode === undefined && !BEFORE_CONTENT.has(code);
  return { kind: 'unavailable', detail, mayHaveArrived };
}
