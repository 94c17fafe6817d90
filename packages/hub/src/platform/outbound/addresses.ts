import { BlockList, isIP } from 'node:net';

/** `never`: metadata services and link-local, refused whatever the policy. `private`: refused unless private targets are allowed. */
export type AddressClass = 'public' | 'private' | 'never';

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits = ''] = subnet.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Addresses behind which a cloud hands out its machine's credentials, and link-local networks as a whole. */
const NEVER = blockList([
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'fd00:42::42/128',
  'fd00:c1::a9fe:a9fe/128',
]);
/** What IANA keeps out of the public internet: own host, private and shared networks, documentation, benchmarks, multicast, reserved. */
const PRIVATE = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
]);

/** The eight groups of an IPv6 address in any spelling that `isIP` takes. */
function groupsOf(address: string): number[] {
  const ending = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = ending
    ? `${ending[1]}${((Number(ending[2]) << 8) | Number(ending[3])).toString(16)}:${((Number(ending[4]) << 8) | Number(ending[5])).toString(16)}`
    : address;
  const [head = '', tail] = text.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = read(head);
  const right = tail === undefined ? [] : read(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

const dotted = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;

/**
 * The IPv4 addresses that an IPv6 address carries to a translator or a tunnel: mapped, compatible, SIIT, NAT64 (RFC 6052, at every
 * place where a prefix of its own may put it), 6to4, Teredo, ISATAP.
 */
function carriedIpv4(address: string): string[] {
  const groups = groupsOf(address);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const last = dotted(g, h);
  if (a === 0x2002) return [dotted(b, c)];
  if (a === 0x2001 && b === 0) return [dotted(c, d), dotted(g ^ 0xffff, h ^ 0xffff)];
  if (a === 0x64 && b === 0xff9b && c === 1) {
    // From a prefix of 48, 56, 64 or 96 bits; the eight bits after the 64th are left out.
    const at48 = dotted(d, ((e & 0xff) << 8) | (f >> 8));
    const at56 = dotted(((d & 0xff) << 8) | (e & 0xff), f);
    const at64 = dotted(((e & 0xff) << 8) | (f >> 8), ((f & 0xff) << 8) | (g >> 8));
    return [at48, at56, at64, last];
  }
  if (a === 0x64 && b === 0xff9b && (c | d | e | f) === 0) return [last];
  if ((e === 0 || e === 0x200) && f === 0x5efe) return [last];
  if ((a | b | c | d) !== 0) return [];
  if ((e === 0 && f === 0xffff) || (e === 0xffff && f === 0)) return [last];
  return (e | f) === 0 && (g !== 0 || h > 1) ? [last] : [];
}

const KEPT = 5000;
const judged = new Map<string, AddressClass>();

/** Judges one IP address; what was judged is kept, since it stays so. Text that is none counts as `never`. */
export function classifyAddress(address: string): AddressClass {
  const known = judged.get(address);
  if (known !== undefined) return known;
  const now = judge(address);
  if (judged.size >= KEPT) judged.clear();
  judged.set(address, now);
  return now;
}

/** What an address carries is judged with it: the worse counts. */
function judge(address: string): AddressClass {
  const bare = address.split('%', 1)[0] ?? '';
  const family = isIP(bare);
  if (family === 0) return 'never';
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (NEVER.check(bare, kind)) return 'never';
  const carried = family === 6 ? carriedIpv4(bare).map(classifyAddress) : [];
  if (carried.includes('never')) return 'never';
  return PRIVATE.check(bare, kind) || carried.includes('private') ? 'private' : 'public';
}
