import type { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { dnsError, OutboundError } from './error.ts';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'TXT' | 'SRV' | 'CAA' | 'SOA' | 'PTR';

const READ: Record<RecordType, (resolver: Resolver, name: string) => Promise<string[]>> = {
  A: (resolver, name) => resolver.resolve4(name),
  AAAA: (resolver, name) => resolver.resolve6(name),
  CNAME: (resolver, name) => resolver.resolveCname(name),
  MX: async (resolver, name) => (await resolver.resolveMx(name)).map((mx) => `${mx.priority} ${mx.exchange}`),
  NS: (resolver, name) => resolver.resolveNs(name),
  TXT: async (resolver, name) => (await resolver.resolveTxt(name)).map((parts) => parts.join('')),
  SRV: async (resolver, name) =>
    (await resolver.resolveSrv(name)).map((srv) => `${srv.priority} ${srv.weight} ${srv.port} ${srv.name}`),
  CAA: async (resolver, name) =>
    (await resolver.resolveCaa(name)).flatMap(({ critical, ...rest }) =>
      Object.entries(rest)
        .filter(([tag, value]) => tag !== 'type' && typeof value === 'string')
        .map(([tag, value]) => `${critical} ${tag} ${value}`),
    ),
  async SOA(resolver, name) {
    const soa = await resolver.resolveSoa(name);
    const times = `${soa.serial} ${soa.refresh} ${soa.retry} ${soa.expire} ${soa.minttl}`;
    return [`${soa.nsname} ${soa.hostmaster} ${times}`];
  },
  PTR: (resolver, name) => (isIP(name) === 0 ? resolver.resolvePtr(name) : resolver.reverse(name)),
};

/** Address and port of a name server: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. */
export function parseNameServer(text: string): { address: string; port: number } {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const port = address === text ? 53 : Number(/:(\d+)$/.exec(text.replace(/^\[.*\]/, ''))?.[1] ?? 53);
  if (isIP(address) === 0 || port < 1 || port > 65_535)
    throw new OutboundError('protocol', 'the name server is no IP address');
  return { address, port };
}

/** Asks for the records of a name, with a resolver of its own. The values come as a zone file would have them; throws `dns` with its code. */
export async function askRecords(
  resolver: Resolver,
  question: { name: string; record: RecordType },
): Promise<string[]> {
  const name = question.name.replace(/\.$/, '');
  try {
    return await READ[question.record](resolver, name);
  } catch (error) {
    throw dnsError(name, error);
  }
}
