import type { TlsOptions } from '@orrery/protocol';
import type { OutboundTls } from '../../platform/outbound.ts';

/** What a declaration says of how to introduce ourselves over HTTP. */
type Declared = {
  headers?: Readonly<Record<string, string>> | undefined;
  basicAuth?: { username: string; password: string } | undefined;
  bearer?: string | undefined;
  tls?: TlsOptions | undefined;
};

/** Headers and TLS of a request, from headers, basic or bearer authorization and certificates; `own` gives way to what is declared. */
export function introduced(declared: Declared, own: Readonly<Record<string, string>>) {
  const headers: Record<string, string> = { ...own };
  for (const [name, value] of Object.entries(declared.headers ?? {})) headers[name.toLowerCase()] = value;
  const { basicAuth, bearer } = declared;
  if (basicAuth)
    headers.authorization = `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`;
  else if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  const tls = tlsOf(declared.tls);
  return { headers, ...(tls ? { tls } : {}) };
}

/** Declared TLS options as a socket takes them. */
export function tlsOf(declared: TlsOptions | undefined): OutboundTls | undefined {
  if (!declared) return undefined;
  const { serverName, ...pem } = declared;
  return { ...pem, ...(serverName === undefined ? {} : { servername: serverName }) };
}
