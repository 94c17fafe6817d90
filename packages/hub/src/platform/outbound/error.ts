export type OutboundErrorKind =
  | 'timeout'
  | 'refused'
  | 'dns'
  | 'tls'
  | 'reset'
  | 'too_large'
  | 'forbidden_address'
  | 'protocol'
  | 'starved'
  | 'stopped';

/** What a kind leaves open: which failure of the name service, which of TLS. */
export type OutboundErrorCode =
  | 'nxdomain'
  | 'no_record'
  | 'servfail'
  | 'dns_refused'
  | 'dns_timeout'
  | 'dns_failed'
  | 'tls_expired'
  | 'tls_name'
  | 'tls_untrusted'
  | 'tls_handshake';

/** Why an exchange came to nothing. The message is for people and never holds what the other side wrote. */
export class OutboundError extends Error {
  readonly kind: OutboundErrorKind;
  readonly code: OutboundErrorCode | undefined;
  constructor(kind: OutboundErrorKind, message: string, code?: OutboundErrorCode) {
    super(message);
    this.name = 'OutboundError';
    this.kind = kind;
    this.code = code;
  }
}

/** The machine of this hub is at its end: that says nothing of the other side. */
const STARVED = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** Of IPv4, an address that cannot be had means that no local port is left; of IPv6, that the hub has none at all. */
const isStarved = (error: (NodeJS.ErrnoException & { address?: string }) | undefined): boolean =>
  STARVED.has(error?.code ?? '') || (error?.code === 'EADDRNOTAVAIL' && !error.address?.includes(':'));
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_|ERROR_IN_CERT|EPROTO|ERR_OSSL)/;

/** Turns what a socket or the HTTP parser threw into one of our kinds. */
export function toOutboundError(error: unknown, handshake: boolean): OutboundError {
  if (error instanceof OutboundError) return error;
  const causes: NodeJS.ErrnoException[] = error instanceof AggregateError ? error.errors : [error];
  const cause = causes.find(isStarved) ?? causes.at(-1);
  const code = cause?.code ?? '';
  if (isStarved(cause))
    return new OutboundError('starved', `this hub has no descriptor, port or memory to spare (${code})`);
  if (TLS_CODE.test(code)) return tlsError(code);
  if (code === 'ECONNREFUSED') return new OutboundError('refused', 'the connection was refused: nothing listens there');
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL')
    return new OutboundError('refused', `there is no way to that address (${code})`);
  if (code === 'ETIMEDOUT') return new OutboundError('timeout', 'the connection was not answered in time');
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED')
    return handshake
      ? new OutboundError('reset', 'the connection was closed during the TLS handshake', 'tls_handshake')
      : new OutboundError('reset', 'the connection was closed before the answer');
  if (code === 'ERR_INVALID_CHAR')
    return new OutboundError('protocol', 'a header to send, such as the API key, holds a character that no header may');
  if (cause instanceof URIError)
    return new OutboundError('protocol', 'the user name or password in the address is not percent-encoded');
  if (code === 'HPE_HEADER_OVERFLOW') return new OutboundError('protocol', 'the headers of the answer are too large');
  if (code.startsWith('HPE_')) return new OutboundError('protocol', `the answer is no valid HTTP (${code})`);
  return new OutboundError('protocol', `the exchange failed (${code || (cause?.name ?? 'unknown error')})`);
}

const TLS_REASONS: Record<string, readonly [OutboundErrorCode, string]> = {
  CERT_HAS_EXPIRED: ['tls_expired', 'the certificate has expired'],
  CERT_NOT_YET_VALID: ['tls_untrusted', 'the certificate is not valid yet'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls_untrusted', 'the certificate is self-signed'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls_untrusted', 'the chain holds a self-signed certificate'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls_untrusted', 'the certificate is signed by nobody we know'],
  UNABLE_TO_GET_ISSUER_CERT: ['tls_untrusted', 'the certificate is signed by nobody we know'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls_untrusted', 'the certificate is signed by nobody we know'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['tls_name', 'the certificate is for another host'],
  HOSTNAME_MISMATCH: ['tls_name', 'the certificate is for another host'],
  EPROTO: ['tls_handshake', 'the other side speaks no TLS, or another version'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['tls_handshake', 'the other side speaks no TLS'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['tls_handshake', 'the other side speaks no TLS'],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: ['tls_handshake', 'the other side asks for a certificate of ours'],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ['tls_handshake', 'the other side does not accept our certificate'],
};
/** Codes of the chain's check; every other one comes out of the handshake itself. */
const OF_THE_CHAIN = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|CRL_|ERROR_IN_CERT)/;

/** What a TLS code of Node or OpenSSL means, and in which of our classes it falls. */
export function tlsReason(code: string): readonly [OutboundErrorCode, string] {
  const known = TLS_REASONS[code];
  if (known) return known;
  return OF_THE_CHAIN.test(code)
    ? ['tls_untrusted', 'the certificate was not accepted']
    : ['tls_handshake', 'the other side was not accepted'];
}

function tlsError(code: string): OutboundError {
  const [ours, words] = tlsReason(code);
  return new OutboundError('tls', `the TLS handshake failed: ${words} (${ours}, ${code})`, ours);
}

const DNS_REASONS: Record<string, readonly [OutboundErrorCode, string]> = {
  ENOTFOUND: ['nxdomain', 'does not exist'],
  ENODATA: ['no_record', 'exists but has no such record'],
  ESERVFAIL: ['servfail', 'could not be resolved: the name server failed'],
  EREFUSED: ['dns_refused', 'could not be resolved: the name server refused the question'],
  ETIMEOUT: ['dns_timeout', 'could not be resolved: the name server did not answer'],
  ECONNREFUSED: ['dns_timeout', 'could not be resolved: no name server listens'],
};

/** Why a name led nowhere, by the resolver's code. */
export function dnsError(name: string, error: unknown): OutboundError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const [ours, words] = DNS_REASONS[code] ?? (['dns_failed', 'could not be resolved'] as const);
  return new OutboundError('dns', `the name ${name} ${words} (${ours}, ${code})`, ours);
}
