import { z } from 'zod';
import { iso } from '../../platform/clock.ts';
import type { ChannelFamily, DeclarationOf, Outgoing, SendContext, SendOutcome } from './channel.ts';
import { deliveryHeaders, exchange, type HttpMessage, jsonOf, post } from './http.ts';
import { maskHook } from './mask.ts';
import { message, oneLine } from './message.ts';

/**
 * Alertmanager ends what nobody sends again within its `resolve_timeout`, unless the alert says itself when it ends. Ours end when the hub
 * says so; until then their end stands this far away.
 */
const FIRING_MS = 365 * 86_400_000;
/** What has no end of its own (a test, a rule's notification) is seen for so long. */
const SEEN_MS = 15 * 60_000;
const MAX_KNOWN_BYTES = 256 * 1024;

type Labels = Record<string, string>;
type Declaration = DeclarationOf<'alertmanager'>;

/** Hands alerts over to an Alertmanager by its API v2; a label set that is sent again is the same alert there. */
export const alertmanager: ChannelFamily<'alertmanager'> = {
  target: ({ url }) => maskHook(url),
  async send(declaration, outgoing, context) {
    const labels = labelsOf(declaration, outgoing);
    const { tls } = declaration;
    const request = {
      url: alertsUrl(declaration.url),
      headers: { ...credentials(declaration), ...deliveryHeaders(outgoing) },
      ...(tls === undefined ? {} : { tls: { servername: tls.serverName, ca: tls.ca, cert: tls.cert, key: tls.key } }),
    };
    const told = { ...alertOf(outgoing, context), labels };
    // A title may have changed since it was handed over first; what stands there under the old one is ended with this.
    const former = mayBeThere(outgoing) ? await formerOf(labels, request, context) : [];
    if (!Array.isArray(former)) return former;
    const ended = former.map((old) => ({ labels: old, startsAt: told.startsAt, endsAt: iso(context.now) }));
    return post(context, { ...request, body: JSON.stringify([...ended, told]) });
  },
};

function alertsUrl(text: string): string {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = '/api/v2/alerts';
  return url.href;
}

function credentials({ bearer, basicAuth }: Declaration): Record<string, string> {
  if (bearer !== undefined) return { authorization: `Bearer ${bearer}` };
  if (basicAuth === undefined) return {};
  const account = `${basicAuth.username}:${basicAuth.password}`;
  return { authorization: `Basic ${Buffer.from(account).toString('base64')}` };
}

/** What silences and routes there go by: the same for one trouble whenever it comes back. Empty values are no labels. */
function labelsOf({ labels }: Declaration, { notification: { alert } }: Outgoing): Labels {
  const all: Labels = {
    alertname: oneLine(alert.title, 200) || '(no title)',
    project: oneLine(alert.project, 80),
    service: oneLine(alert.service ?? '', 80),
    severity: alert.severity,
    category: alert.category,
    instance: 'orrery',
    fingerprint: alert.fingerprint,
    ...labels,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [[name, value.toWellFormed()]])),
  );
}

function alertOf(outgoing: Outgoing, context: SendContext) {
  const { alert, type } = outgoing.notification;
  const told = message(outgoing, context);
  const resolved = told.facts.find(({ name }) => name === 'Resolved')?.value;
  const annotations: Labels = {
    summary: told.subject,
    description: told.description,
    recommendation: told.recommendation ?? '',
    notes: told.notes.join('\n'),
    resolved: resolved ?? '',
    link: told.link,
  };
  const brief = type === 'channel.test' || type === 'rule.matched';
  const over = type === 'alert.resolved' || type === 'alert.ignored' || alert.status === 'resolved';
  const endsAt = over
    ? (alert.resolvedAt ?? outgoing.notification.at)
    : iso(context.now + (brief ? SEEN_MS : FIRING_MS));
  return {
    annotations: Object.fromEntries(
      Object.entries(annotations).flatMap(([name, text]) => (text === '' ? [] : [[name, text.toWellFormed()]])),
    ),
    startsAt: alert.createdAt,
    endsAt,
    generatorURL: told.link,
  };
}

const mayBeThere = ({ notification: { type } }: Outgoing): boolean =>
  type !== 'alert.opened' && type !== 'channel.test' && type !== 'rule.matched';

const Known = z.array(z.object({ labels: z.record(z.string(), z.string()) }));
/** What may differ between two tellings of one trouble. */
const MAY_CHANGE = new Set(['alertname', 'severity', 'category']);

/** Label sets under which this trouble stands there already, other than the ones that it has now. */
async function formerOf(labels: Labels, request: HttpMessage, context: SendContext): Promise<Labels[] | SendOutcome> {
  const url = new URL(request.url);
  url.searchParams.append('filter', `fingerprint="${labels.fingerprint}"`);
  const { outcome, answer } = await exchange(context, {
    ...request,
    url: url.href,
    method: 'GET',
    maxBytes: MAX_KNOWN_BYTES,
  });
  // Nothing was told yet, whatever became of the question.
  if (outcome.kind === 'unavailable') return { ...outcome, mayHaveArrived: false };
  if (outcome.kind === 'stopped') return outcome;
  const known = Known.safeParse(jsonOf(answer));
  if (!known.success) return [];
  return known.data.map((alert) => alert.labels).filter((old) => isFormer(old, labels));
}

function isFormer(old: Labels, now: Labels): boolean {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const differing = names.filter((name) => old[name] !== now[name]);
  return differing.length > 0 && differing.every((name) => MAY_CHANGE.has(name));
}
