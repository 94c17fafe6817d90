import { connect as connectTcp, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { classifyAddress } from './addresses.ts';
import { OutboundError } from './error.ts';

/** One of several addresses may be dead: the next one is tried after this long. */
const NEXT_ADDRESS_MS = 250;
const MAX_SESSIONS = 2000;

export type Target = { host: string; port: number; tls: boolean };

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

/** Opens sockets to addresses that were judged before: nothing is looked up again in between. Keeps TLS sessions, which spare most of a handshake. */
export function createConnector(ca?: string) {
  const sessions = new Map<string, Buffer>();

  return function open(target: Target, addresses: readonly string[]): Socket {
    const [only] = addresses;
    const list = addresses.map((address) => ({ address, family: isIP(address) }));
    const lookup: LookupFunction = (_host, options, callback) =>
      options.all ? callback(null, list) : callback(null, list[0]?.address ?? '', list[0]?.family ?? 4);
    const where: TcpNetConnectOpts =
      addresses.length === 1
        ? { host: only ?? '', port: target.port, noDelay: true }
        : {
            host: target.host,
            port: target.port,
            noDelay: true,
            lookup,
            autoSelectFamily: true,
            autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
          };
    if (!target.tls) return connectTcp(where);
    const name = `${target.host}:${target.port}`;
    const session = sessions.get(name);
    const socket = connectTls({
      ...where,
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
      ...(session ? { session } : {}),
      ...(ca === undefined ? {} : { ca }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    });
    socket.on('session', (ticket: Buffer) => {
      sessions.delete(name);
      sessions.set(name, ticket);
      const oldest = sessions.keys().next().value;
      if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    });
    return socket;
  };
}
