import { createHmac } from 'node:crypto';

const KEPT = 2000;
const DAY_MS = 86_400_000;

/** Makes opaque tokens of addresses and users: the same all day on every process with the same key, another one tomorrow, and no way back without the key. */
export function createActors(key: Uint8Array, wallClock: () => number): (actor: string) => string {
  let day = -1;
  const tokens = new Map<string, string>();
  return (actor) => {
    const today = Math.floor(wallClock() / DAY_MS);
    if (today !== day || tokens.size >= KEPT) tokens.clear();
    day = today;
    let token = tokens.get(actor);
    if (token === undefined) {
      token = createHmac('sha256', key).update(`${day}\n${actor}`).digest('hex').slice(0, 16);
      tokens.set(actor, token);
    }
    return token;
  };
}

/** Behind a proxy of the house it is the address that the proxy saw; a stranger's own word on it counts nothing. */
export function actorOf(address: string | undefined, forwardedFor: string | undefined): string | undefined {
  if (address === undefined || address === '') return undefined;
  const own = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (forwardedFor !== undefined && isNear(own)) {
    const last = forwardedFor.slice(-64).split(',').at(-1)?.trim();
    if (last) return networkOf(last);
  }
  return networkOf(own);
}

const isNear = (ip: string): boolean =>
  /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)/.test(ip) || ip === '::1' || /^f[cde]/i.test(ip);

/** One customer has a whole IPv6 network of 64 bits. */
function networkOf(ip: string): string {
  if (!ip.includes(':') || ip.includes('.')) return ip.slice(0, 64);
  const [head = '', tail] = ip.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':');
}
