import type { Outbound } from './outbound.ts';
import { parseSmtpUrl } from './smtp.ts';

export type MailServerChoice = { smtpUrl: string; from: string };
export type Letter = { id: string; to: string; subject: string; text: string };
export type Mailer = {
  /** Whether there is a server to send by. */
  ready(): boolean;
  /** Hands one letter to the server; throws while it cannot be had or will not take it. The same `id` is the same Message-ID on every try. */
  send(letter: Letter): Promise<void>;
};

const TIMEOUT_MS = 15_000;

/** Plain letters of the hub itself, through the server that the operator named. */
export function createMailer(deps: {
  outbound: Pick<Outbound, 'open'>;
  publicUrl: string;
  server: () => MailServerChoice | undefined;
}): Mailer {
  return {
    ready: () => deps.server() !== undefined,
    async send({ id, to, subject, text }) {
      const chosen = deps.server();
      if (chosen === undefined) throw new Error('no mail server is configured');
      const server = parseSmtpUrl(chosen.smtpUrl);
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        ...server,
        getSocket: (_, callback) => {
          deps.outbound.open({ host: server.host, port: server.port, timeoutMs: TIMEOUT_MS, trusted: true }).then(
            ({ socket }) => callback(null, { connection: socket }),
            (error: unknown) => callback(error as Error),
          );
        },
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        dnsTimeout: TIMEOUT_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        const host = URL.parse(deps.publicUrl)?.hostname.replace(/[^a-z0-9.-]/gi, '') || 'orrery.invalid';
        await transport.sendMail({
          messageId: `<${id}@${host}>`,
          from: chosen.from,
          to: { name: '', address: to },
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        });
      } finally {
        transport.close();
      }
    },
  };
}
