import { z } from 'zod';
import { HttpUrl, Severity, Slug } from './common.ts';
import { TlsOptions } from './probes.ts';

export const ChannelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, "-" and "_"');
const common = {
  name: ChannelName,
  /** Which alerts the channel takes, whatever a route sends it; all of them when absent. */
  severities: z.array(Severity).min(1).optional(),
  projects: z.array(Slug).min(1).optional(),
};
/** Signs every delivery (Standard Webhooks). Base64 with or without `whsec_`, or any text of 24 bytes or more. */
const secret = z.string().min(24).max(512).optional();
const token = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

export const ChannelDeclaration = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('slack'), url: HttpUrl }),
  z.strictObject({
    ...common,
    kind: z.literal('email'),
    smtpUrl: z.string().regex(/^smtps?:\/\//, 'must be an smtp:// or smtps:// URL'),
    from: z.string().min(3).max(320).default('Orrery <orrery@localhost>'),
    to: z.array(z.string().min(3).max(320)).min(1).max(50),
  }),
  z.strictObject({ ...common, kind: z.literal('webhook'), url: HttpUrl, secret }),
  /** Hands alerts over to a Prometheus Alertmanager (API v2), which tells people by its own rules. */
  z.strictObject({
    ...common,
    kind: z.literal('alertmanager'),
    url: HttpUrl,
    bearer: token.optional(),
    basicAuth: z.strictObject({ username: z.string().max(256), password: z.string().max(1024) }).optional(),
    tls: TlsOptions.optional(),
    /** Put on every alert, beside project, service, severity, category and alertname. */
    labels: z
      .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/, 'must be a label name'), z.string().max(256))
      .default({}),
  }),
  /** Marks alerts on Grafana's dashboards; a resolution makes the mark a span. */
  z.strictObject({
    ...common,
    kind: z.literal('grafana'),
    url: HttpUrl,
    token,
    dashboardUid: z.string().max(40).optional(),
    tags: z.array(z.string().min(1).max(64)).max(10).default(['orrery']),
  }),
  /** Any JSON that a receiver wants: `{{alert.title}}` takes a value as JSON inside a string, `{{{alert}}}` as JSON by itself. */
  z.strictObject({
    ...common,
    kind: z.literal('template'),
    url: HttpUrl,
    method: z.enum(['POST', 'PUT']).default('POST'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]{1,128}$/, 'must be a header name'),
        z
          .string()
          .max(4096)
          .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line'),
      )
      .default({}),
    body: z.string().min(2).max(16_384),
    secret,
  }),
]);
export type ChannelDeclaration = z.infer<typeof ChannelDeclaration>;
export const ChannelKind = z.enum(['slack', 'email', 'webhook', 'alertmanager', 'grafana', 'template']);
export type ChannelKind = z.infer<typeof ChannelKind>;
