import type { SnippetChoice } from '../ui/Snippet.tsx';

/** Ways in, ready to paste. `hub` is this page's own address; `slug` and `key` are filled in where they are known. */
type Facts = { hub: string; slug?: string; key?: string };

export const declareYaml = ({ slug = 'shop' }: Facts) => `# orrery.yaml, read again when it changes
projects:
  - slug: ${slug}
    name: ${slug[0]?.toUpperCase()}${slug.slice(1)}
    hubUrl: https://${slug}.example.com
    services:
      - name: web
        probes:
          - { kind: http, url: https://${slug}.example.com/, interval: 30s }
          - { kind: instance, interval: 15s }
      - name: backup
        probes:
          - { kind: heartbeat, interval: 1d, grace: 1h }
    thresholds:
      - { metric: performance.error_rate, above: 5, for: 1m, severity: critical }`;

export const addSnippets = ({ hub }: Facts): SnippetChoice[] => [
  {
    name: 'orrery',
    code: 'orrery project add https://shop.example.com --dry-run\norrery project add https://shop.example.com',
  },
  {
    name: 'curl',
    code: `curl -X POST '${hub}/api/fed/projects?dryRun=true' \\
  -H 'x-api-key: YOUR_API_KEY' -H 'content-type: application/json' \\
  -d '{"hubUrl": "https://shop.example.com"}'`,
  },
  { name: 'orrery.yaml', code: declareYaml({ hub }) },
];

const instance = ({
  hub,
  slug = 'shop',
  key = 'YOUR_INGEST_KEY',
}: Facts) => `import { createInstance } from '@orrery/sdk';

export const instance = createInstance({
  project: '${slug}',
  version: '1.0.0',
  apiKey: process.env.${slug.toUpperCase().replace(/\W/g, '_')}_API_KEY,
  checks: { database: async () => (await db.query('select 1')).rowCount === 1 },
  metrics: { orders_open: () => orders.countOpen() },
  hub: { url: '${hub}', key: '${key}' },
});`;

export const sdkSnippets = (facts: Facts): SnippetChoice[] => [
  {
    name: 'Express',
    code: `${instance(facts)}

import { orrery } from '@orrery/sdk/express';
app.use(orrery(instance)); // first, before body parsers
instance.start();`,
  },
  {
    name: 'Fastify',
    code: `${instance(facts)}

import { orrery } from '@orrery/sdk/fastify';
await app.register(orrery, { instance });
instance.start();`,
  },
  {
    name: 'Hono',
    code: `${instance(facts)}

import { orrery } from '@orrery/sdk/hono';
app.use(orrery(instance)); // before the app's own routes
instance.start();`,
  },
  {
    name: 'Next.js',
    code: `${instance(facts)}

// app/api/[...orrery]/route.ts
import { orrery } from '@orrery/sdk/next';
export const { GET, POST, HEAD } = orrery(instance);`,
  },
  {
    name: 'any language',
    code: `# Answer this, and the hub understands you:
GET /api/health
200 {"status": "healthy", "checks": {"database": true},
     "timestamp": "2026-11-21T14:03:05Z", "version": "1.0.0"}

# An application/health+json answer or a bare 2xx is understood too.`,
  },
];

export const eventSnippet = ({
  hub,
  slug = 'shop',
  key = 'YOUR_INGEST_KEY',
}: Facts) => `curl -X POST '${hub}/api/fed/events' \\
  -H 'x-api-key: ${key}' -H 'content-type: application/cloudevents+json' \\
  -d '{"specversion": "1.0", "id": "deploy-42", "source": "${slug}",
       "type": "events.deploy.finished", "data": {"title": "Deployed 1.4.2"}}'`;

export const heartbeatSnippets = (url: string): SnippetChoice[] => [
  { name: 'cron', code: `0 3 * * * /usr/local/bin/backup && curl -fsS -m 10 --retry 3 ${url}` },
  { name: 'with failure', code: `/usr/local/bin/backup && curl -fsS ${url} || curl -fsS '${url}?status=fail'` },
  {
    name: 'Kubernetes',
    code: `containers:
  - name: backup
    image: backup:1
    command: ["sh", "-c", "backup && wget -q -O- ${url}"]`,
  },
  {
    name: 'Node',
    code: `await backup();\nawait fetch('${url}', { method: 'POST', signal: AbortSignal.timeout(10_000) });`,
  },
];
