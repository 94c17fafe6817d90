export type OutboundErrorKind =
  | 'timeout'
  | 'refused'
  | 'dns'
  | 'tls'
  | 'reset'
  | 'too_large'
  | 'forbidden_address'
  | 'protocol'
  | 'stopped';

/** Why an exchange came to nothing. The message is for people and never holds what the other side wrote. */
export class OutboundError extends Error {
  readonly kind: OutboundErrorKind;
  constructor(kind: OutboundErrorKind, message: string) {
    super(message);
    this.name = 'OutboundError';
    this.kind = kind;
  }
}

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|CRL_|ERROR_IN_CERT|EPROTO)/;

/** Turns what a socket or the HTTP parser threw into one of our kinds. */
export function toOutboundError(error: unknown, handshake: boolean): OutboundError {
  if (error instanceof OutboundError) return error;
  const cause = (error instanceof AggregateError ? error.errors.at(-1) : error) as NodeJS.ErrnoException;
  const code = cause?.code ?? '';
  if (TLS_CODE.test(code)) return new OutboundError('tls', `the TLS handshake failed: ${tlsReason(cause)} (${code})`);
  if (code === 'ECONNREFUSED') return new OutboundError('refused', 'the connection was refused: nothing listens there');
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL')
    return new OutboundError('refused', `there is no way to that address (${code})`);
  if (code === 'ETIMEDOUT') return new OutboundError('timeout', 'the connection was not answered in time');
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED')
    return new OutboundError(
      'reset',
      handshake ? 'the connection was closed during the TLS handshake' : 'the connection was closed before the answer',
    );
  if (code === 'ERR_INVALID_CHAR')
    return new OutboundError('protocol', 'a header to send, such as the API key, holds a character that no header may');
  if (cause instanceof URIError)
    return new OutboundError('protocol', 'the user name or password in the address is not percent-encoded');
  if (code === 'HPE_HEADER_OVERFLOW') return new OutboundError('protocol', 'the headers of the answer are too large');
  if (code.startsWith('HPE_')) return new OutboundError('protocol', `the answer is no valid HTTP (${code})`);
  return new OutboundError('protocol', `the exchange failed (${code || (cause?.name ?? 'unknown error')})`);
}

const TLS_REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the chain holds a self-signed certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by nobody we know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by nobody we know',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  EPROTO: 'the other side speaks no TLS, or another version',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side speaks no TLS',
};
const tlsReason = (error: NodeJS.ErrnoException) => TLS_REASONS[error.code ?? ''] ?? 'the other side was not accepted';
