import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

const REREAD_MS = 5000;

export type SystemNames = {
  /** Addresses that the hosts file gives a name. */
  hosts: ReadonlyMap<string, readonly string[]>;
  /** Domains to try behind a short name, and how many dots make a name a long one. */
  search: readonly string[];
  ndots: number;
};

/**
 * Reads `/etc/hosts` and the search list of `/etc/resolv.conf`, which the resolver itself does not; again every five seconds. Files are
 * read by the thread pool, which may be stalled: nobody waits for it but the first.
 */
export function createSystemNames(monotonic: () => number, files = ['/etc/hosts', '/etc/resolv.conf'] as const) {
  let readAt = Number.NEGATIVE_INFINITY;
  let current: Promise<SystemNames> | undefined;
  const text = (file: string) => readFile(file, 'utf8').catch(() => '');
  return (): Promise<SystemNames> => {
    if (current && monotonic() - readAt < REREAD_MS) return current;
    readAt = monotonic();
    const next = Promise.all(files.map(text)).then(([hosts = '', resolv = '']) => {
      current = next;
      return { hosts: parseHosts(hosts), ...parseResolv(resolv) };
    });
    current ??= next;
    return current;
  };
}

export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}

export function parseResolv(text: string): Pick<SystemNames, 'search' | 'ndots'> {
  let search: string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'search' || word === 'domain') search = rest.slice(0, 6);
    const option = word === 'options' ? rest.find((text) => /^ndots:\d{1,2}$/.test(text)) : undefined;
    if (option) ndots = Number(option.slice(6));
  }
  return { search, ndots };
}
