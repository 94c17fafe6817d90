import type { StoredProject } from '../store.ts';

/** `host:port` of a URL, the port always written; undefined for what is no http address. */
export function hostOf(url: string): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.hostname === '') return undefined;
  const port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80');
  return `${parsed.hostname.toLowerCase()}:${port}`;
}

/** Pure: whose each host is, by where projects and what is probed of them are reached. One that several projects share names none of them. */
export function hostIndex(projects: readonly Pick<StoredProject, 'slug' | 'hubUrl' | 'services'>[]): {
  projectAt(host: string): string | undefined;
} {
  const owners = new Map<string, Set<string>>();
  const add = (slug: string, url: string) => {
    const host = hostOf(url);
    if (host !== undefined) owners.set(host, (owners.get(host) ?? new Set()).add(slug));
  };
  for (const { slug, hubUrl, services } of projects) {
    add(slug, hubUrl);
    for (const { probes } of services)
      for (const probe of probes) if ('url' in probe && probe.url) add(slug, probe.url);
  }
  // The address of the instance itself is worth more than that of something it has probed.
  const instances = new Map<string, Set<string>>();
  for (const { slug, hubUrl } of projects) {
    const host = hostOf(hubUrl);
    if (host !== undefined) instances.set(host, (instances.get(host) ?? new Set()).add(slug));
  }
  return {
    projectAt(host) {
      const named = instances.get(host.toLowerCase()) ?? owners.get(host.toLowerCase());
      return named?.size === 1 ? [...named][0] : undefined;
    },
  };
}
