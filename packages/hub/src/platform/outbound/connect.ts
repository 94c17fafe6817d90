import { connect as connectTcp, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Clock } from '../clock.ts';
import { classifyAddress } from './addresses.ts';
import { OutboundError } from './error.ts';

/** One of several addresses may be dead: the next one is tried after this long. */
const NEXT_ADDRESS_MS = 250;
const MAX_SESSIONS = 2000;
/** A resumed session shows no certificate; after this long it is looked at again. */
const SESSION_MS = 5 * 60_000;

/** How to speak TLS to a target; what is absent is the hub's own. All of it is PEM text. */
export type OutboundTls = {
  /** The name that is asked for and that the certificate must be for; the host when absent. */
  servername?: string | undefined;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  /** The one certificate that is accepted, by its sha256 fingerprint, whoever signed it and for whatever name. */
  pinned?: string | undefined;
  /** False leaves the judgement of the certificate to the caller: `authorized` and `authorizationError` of the socket. */
  rejectUnauthorized?: boolean | undefined;
};
/** `tls`: false for plain TCP, true for HTTP over TLS as the hub speaks it, options for everything else. */
export type Target = { host: string; port: number; tls: boolean | OutboundTls; trusted?: boolean };

/** Of the addresses of a name those that may be used; throws `forbidden_address` when there is none. */
export function permitted(host: string, addresses: readonly string[], allowPrivate: boolean): string[] {
  const allowed = addresses.filter((address) => isPermitted(address, allowPrivate));
  if (allowed.length > 0) return allowed;
  const address = addresses[0] ?? '';
  const named = address === host ? address : `${host} (${address})`;
  if (addresses.some((one) => classifyAddress(one) === 'private'))
    throw new OutboundError(
      'forbidden_address',
      `${named} is a private or reserved address; set network.allowPrivate to true in orrery.yaml to reach private targets`,
    );
  throw new OutboundError('forbidden_address', `${named} is a link-local or metadata address; those are never reached`);
}

export function isPermitted(address: string, allowPrivate: boolean): boolean {
  const kind = classifyAddress(address);
  return kind === 'public' || (kind === 'private' && allowPrivate);
}

/** Of the addresses that were tried in vain those that were left for the next one before they answered: they may only be far. */
export function leftEarly(error: unknown, addresses: readonly string[]): string[] {
  const errors: (NodeJS.ErrnoException & { address?: string })[] = error instanceof AggregateError ? error.errors : [];
  const left = new Set(errors.flatMap(({ code, address }) => (code === 'ETIMEDOUT' && address ? address : [])));
  const again = addresses.filter((address) => left.has(address));
  return again.length < addresses.length ? again : [];
}

type Session = { ticket: Buffer; shownAt: number; until: number | undefined };

/** Opens sockets to addresses that were judged before: nothing is looked up again in between. Keeps TLS sessions, which spare most of a handshake. */
export function createConnector(clock: Clock, ca?: string) {
  const sessions = new Map<string, Session>();
  const ends = new WeakMap<Socket, number>();
  let ours: SecureContext | undefined;

  function open(target: Target, addresses: readonly string[]): Socket {
    const where = placeOf(target, addresses);
    if (target.tls === false) return connectTcp(where);
    if (target.tls !== true) return openWith(target.host, target.tls, where);
    const name = `${target.host}:${target.port}`;
    const now = clock.now();
    const kept = sessions.get(name);
    const session =
      kept && now - kept.shownAt < SESSION_MS && (kept.until === undefined || now < kept.until) ? kept : undefined;
    ours ??= createSecureContext(ca === undefined ? {} : { ca });
    const socket = connectTls({
      ...where,
      ...identity(target.host),
      ...(session ? { session: session.ticket } : {}),
      secureContext: ours,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    });
    let shown: Omit<Session, 'ticket'> | undefined;
    let given: Buffer | undefined;
    const keep = () => {
      if (shown && given) remember(name, { ...shown, ticket: given });
    };
    socket.once('secureConnect', () => {
      const reused = session !== undefined && socket.isSessionReused();
      shown = reused ? session : { shownAt: now, until: endOf(socket) };
      if (shown.until !== undefined) ends.set(socket, shown.until);
      keep();
    });
    // TLS 1.2 hands its ticket over before the handshake has ended, TLS 1.3 after.
    socket.on('session', (ticket: Buffer) => {
      given = ticket;
      keep();
    });
    return socket;
  }

  function remember(name: string, session: Session): void {
    sessions.delete(name);
    sessions.set(name, session);
    const oldest = sessions.keys().next().value;
    if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
  }

  function openWith(host: string, tls: OutboundTls, where: TcpNetConnectOpts): TLSSocket {
    const trusted = tls.ca ?? ca;
    const socket = connectTls({
      ...where,
      ...identity(tls.servername ?? host),
      ...(trusted === undefined ? {} : { ca: trusted }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      rejectUnauthorized: tls.pinned === undefined && (tls.rejectUnauthorized ?? true),
    });
    // It comes before whoever would send something.
    socket.once('secureConnect', () => {
      if (tls.pinned !== undefined && socket.getPeerCertificate().fingerprint256 !== tls.pinned)
        socket.destroy(new OutboundError('tls', 'the certificate is not the one that was expected'));
      const until = endOf(socket);
      if (until !== undefined) ends.set(socket, until);
    });
    return socket;
  }

  return {
    open,
    /** When the certificate at the other end expires, in epoch ms; of a resumed session, the one that it began with. */
    certificateUntil: (socket: Socket): number | undefined => ends.get(socket),
  };
}

function placeOf(target: Target, addresses: readonly string[]): TcpNetConnectOpts {
  const { host, port } = target;
  if (addresses.length === 1) return { host: addresses[0] ?? '', port, noDelay: true };
  const list = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (_host, options, callback) =>
    options.all ? callback(null, list) : callback(null, list[0]?.address ?? '', list[0]?.family ?? 4);
  return { host, port, noDelay: true, lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS };
}

/** The name to ask for, which is never an address (RFC 6066), and whom the certificate must be for. */
function identity(host: string) {
  const name = host.replace(/\.$/, '');
  return {
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(name, certificate),
  };
}

function endOf(socket: TLSSocket): number | undefined {
  const until = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(until) ? undefined : until;
}
