import { ACCESS_DESCRIPTIONS } from './accessDescriptions.ts';
import { AGENT_DESCRIPTIONS } from './agentDescriptions.ts';
import { AI_ACCOUNT_DESCRIPTIONS } from './aiDescriptions.ts';
import { AI_GATEWAY_DESCRIPTIONS } from './aiGatewayDescriptions.ts';
import { CHANNEL_DESCRIPTIONS } from './channelDescriptions.ts';
import { HEAL_DESCRIPTIONS } from './healDescriptions.ts';
import { PERFORMANCE_DESCRIPTIONS } from './performanceDescriptions.ts';
import { PROBE_DESCRIPTIONS } from './probeDescriptions.ts';
import { ROUTING_DESCRIPTIONS } from './routingDescriptions.ts';
import { RULE_DESCRIPTIONS } from './ruleDescriptions.ts';

/** What each key of orrery.yaml means. The editor's schema and the documentation are made from it; a test fails on a key without a line here. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  projects: 'The products that the hub watches.',
  'projects[].slug': "The project's stable name: lower-case letters, digits, `-` and `_`. It stands in URLs.",
  'projects[].name': 'The name that people read.',
  'projects[].hubUrl': 'Where its instance answers: `/api/health` and the rest start here.',
  'projects[].meshNs': 'Its namespace in the mesh: `veria.mesh`.',
  'projects[].tags': 'Words to filter by.',
  'projects[].teams': 'Who owns it.',
  'projects[].domain': 'The business domain.',
  'projects[].tenant':
    'The tenant that it is assigned to: the people and keys of that tenant see it. Naming one here declares it.',
  'projects[].clientCertificate':
    'What the hub shows to the instance at `hubUrl` (mTLS), and nowhere else: to its health, metrics, logs and manifest, and with actions.',
  'projects[].clientCertificate.cert': 'The certificate, with its chain (PEM).',
  'projects[].clientCertificate.key': 'Its private key (PEM; a secret: write a reference).',
  'projects[].clientCertificate.ca': "Whom to trust there in place of the system's authorities (PEM).",
  'projects[].apiKey':
    'What the hub presents as `x-api-key`, and what the project presents to the hub. `ECOSYSTEM_API_KEY` when absent.',
  'projects[].allowFanout': 'Actions that the hub may ask of it.',
  'projects[].dependsOn': 'Slugs of projects that it needs; other edges are learned.',
  'projects[].edges': 'Integrations with other projects that are to be drawn, beside what `dependsOn` says.',
  'projects[].edges[].to': 'The slug of the project that is used.',
  'projects[].edges[].kind': 'What the two have in common.',
  'projects[].edges[].strength': 'How much it leans on it, up to 1.',
  'projects[].services': 'Its parts, each with its own probes.',
  'projects[].services[].name': "The service's name inside the project.",
  'projects[].services[].kind': 'A word for what it is: `api`, `database`, `worker`.',
  'projects[].services[].dependsOn':
    'What it cannot work without: a service of the same project by its name, or `project` or `project/service` of another. While that is down, nobody is told of this one.',
  'projects[].services[].probes': 'How the service is checked.',
  ...PROBE_DESCRIPTIONS,
  'projects[].thresholds':
    'Limits on metrics: crossing one raises an alert. Each has exactly one of `above` and `below`.',
  'projects[].forecasts':
    'Which metrics are forecast. Without it: those with a threshold, and those whose key speaks of what runs out (disk, memory, …), of money or of orders.',
  'projects[].forecasts.also': 'Metrics that are forecast too; a `*` at the end stands for any rest.',
  'projects[].forecasts.except': 'Metrics that are not; `*` alone: none at all.',
  'projects[].thresholds[].metric':
    "The metric's key. Of each service, and of the project itself, the untagged series is judged; only where all of a metric's series are tagged (or its untagged one has stopped while they go on) is each judged by itself.",
  'projects[].thresholds[].service': 'Only the samples of this service.',
  'projects[].thresholds[].above': 'Alert when the value is greater.',
  'projects[].thresholds[].below': 'Alert when the value is smaller.',
  'projects[].thresholds[].for': 'How long the limit must be crossed before the alert opens.',
  'projects[].thresholds[].severity': '`critical`, `warning` or `info`.',
  'projects[].thresholds[].title': "The alert's title, in place of the one made from metric and limit.",
  'projects[].thresholds[].recommendation': 'What to do about it, shown with the alert.',
  ...PERFORMANCE_DESCRIPTIONS,
  tenants: 'Customers and business units, each with people and keys of its own that see what is assigned to it.',
  'tenants[].id': 'Its stable name: what `tenant_id` of a token says.',
  'tenants[].name': 'The name that people read; the id when absent.',
  'tenants[].tier': 'What it has bought; `tiers` says which platform that is.',
  'tenants[].features': 'What is switched on for its people and keys; `no-ai` switches AI off.',
  tiers:
    'Which platform a tier is. Samples that carry a tier, as the SDK’s request figures do, get the platform as a tag.',
  'access.rbac': '`false` opens the roles, never the tenants. `RBAC_ENABLED` when absent.',
  channels: 'Where alerts are told.',
  ...CHANNEL_DESCRIPTIONS,
  ...ROUTING_DESCRIPTIONS,
  ...RULE_DESCRIPTIONS,
  statusPages: 'Public pages of chosen services; there is none unless it is declared.',
  'statusPages[].slug': 'Where it is: `/status/<slug>`.',
  'statusPages[].title': 'Its title.',
  'statusPages[].description': 'A sentence under the title.',
  'statusPages[].groups': 'The services under their headings.',
  'statusPages[].groups[].name': 'The heading.',
  'statusPages[].groups[].services': 'What stands under it.',
  'statusPages[].groups[].services[].service': '`project/service`, or `project` for the whole of it.',
  'statusPages[].groups[].services[].label': "What the public calls it; the service's own name when absent.",
  ai: 'The AI gateway: who serves models, how a call finds one, and what calls may use. See docs/orchestrator.md.',
  ...AI_GATEWAY_DESCRIPTIONS,
  ...AI_ACCOUNT_DESCRIPTIONS,
  ...ACCESS_DESCRIPTIONS,
  network: 'What the hub may reach.',
  'network.allowPrivate': 'Allows private and loopback targets. Link-local addresses are never asked.',
  'network.selfCheck':
    'What the hub must reach to believe that its own network works: while none of them answers, a target that does not answer is unknown, not down.',
  'network.selfCheck[].host': 'A host name or an IP address.',
  'network.selfCheck[].port': 'The port that is opened there.',
  retention: 'How long things are kept.',
  'retention.raw': 'Samples as they arrived.',
  'retention.minute': 'Samples rolled up by the minute.',
  'retention.hour': 'Samples rolled up by the hour.',
  'retention.checks': 'Single runs of probes.',
  'retention.events': 'Events.',
  freshness: 'When silence is a finding.',
  'freshness.offlineAfter': 'A project that was silent for longer is offline.',
  ...HEAL_DESCRIPTIONS,
  ...AGENT_DESCRIPTIONS,
  mesh: 'How hubs and projects talk to each other.',
  'mesh.discover':
    'Adds a project that nobody declared when it announces itself over NATS in the namespace `<slug>.mesh`; otherwise it is counted and shown as a stranger.',
  'mesh.project': 'Of a hub with `--scope=project`: the project that it speaks for; its only one when absent.',
  'mesh.meta': 'The meta hub that such a hub tells over HTTP; with `ORRERY_NATS_URL` it is told over NATS.',
  'mesh.meta.url': "The meta hub's address.",
  'mesh.meta.key': 'The key by which the meta hub knows the project: its `apiKey` there.',
  'mesh.every': 'How often it tells, give or take a third.',
  edges: 'How integrations between projects are learned.',
  'edges.halfLife':
    'Without new proof, a learned edge loses half of its strength in this time; below 0.02 it is forgotten.',
};

/** Keys whose text is a duration. */
export const DURATIONS =
  /(^(ai\.)?retention\.[a-z]+|\.(interval|timeout|slowAfter|grace|for|offlineAfter|cooldown|clockTolerance|idleInTransactionFor|blockingFor|keysMaxAge|resolveAfter|within|stableFor|approvalExpires|repeatEvery|after|lasts|halfLife|every|hedgeAfter|connect|first|idle|total|threshold))$/;
