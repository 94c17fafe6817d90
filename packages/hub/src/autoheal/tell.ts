import { signBody } from '@orrery/protocol/signing';
import { newId } from '../platform/ids.ts';
import type { Outbound } from '../platform/outbound.ts';
import type { AutohealOptions } from './options.ts';
import type { Message } from './state.ts';

const TIMEOUT_MS = 10_000;
const AGAIN_MS = [5000, 30_000, 5 * 60_000, 15 * 60_000];

type Story = { type: string; container: string; title: string; detail: string; at: number };

/** One message for each receiver; they leave from the state file, so that a restart loses none. */
export const messagesFor = (story: Story, { tell }: Pick<AutohealOptions, 'tell'>): Message[] =>
  (['grafana', 'slack', 'webhook', 'hub'] as const)
    .filter((to) => tell[to] !== undefined)
    .map((to) => ({ ...story, id: newId('heal', story.at), to, tries: 0, dueAt: story.at }));

/** When a message that did not arrive is tried again, epoch ms; undefined when it is given up. */
export const nextTry = ({ tries }: Pick<Message, 'tries'>, now: number): number | undefined => {
  const after = AGAIN_MS[tries];
  return after === undefined ? undefined : now + after;
};

/** Sends one message; throws when it did not arrive. Slack and Grafana show what they get as text or HTML, so it is escaped. */
export async function send(
  message: Message,
  { tell }: Pick<AutohealOptions, 'tell'>,
  { outbound, signal }: { outbound: Pick<Outbound, 'request'>; signal: AbortSignal },
): Promise<void> {
  const post = requestOf(message, tell);
  if (!post) return;
  const { status } = await outbound.request({
    ...post,
    method: 'POST',
    timeoutMs: TIMEOUT_MS,
    maxBytes: 64 * 1024,
    oversize: 'truncate',
    signal,
  });
  if (status < 200 || status >= 300) throw new Error(`${message.to} answered HTTP ${status}`);
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function requestOf(
  { id, to, type, container, title, detail, at }: Message,
  tell: AutohealOptions['tell'],
): { url: string; headers: Record<string, string>; body: string } | undefined {
  const json = { 'content-type': 'application/json' };
  const time = new Date(at);
  const { grafana, slack, webhook, hub } = tell;
  if (to === 'grafana' && grafana) {
    const body = {
      time: at,
      tags: ['orrery', 'autoheal', type, container],
      text: `${escaped(title)}<br>${escaped(detail)}`,
    };
    return {
      url: `${grafana.url.replace(/\/+$/, '')}/api/annotations`,
      headers: { ...json, authorization: `Bearer ${grafana.token}` },
      body: JSON.stringify(body),
    };
  }
  if (to === 'slack' && slack !== undefined)
    return { url: slack, headers: json, body: JSON.stringify({ text: escaped(`${title}\n${detail}`) }) };
  if (to === 'webhook' && webhook) {
    const body = JSON.stringify({ type: `autoheal.${type}`, at: time.toISOString(), id, container, title, detail });
    const signed = webhook.secret === undefined ? { 'webhook-id': id } : signBody([webhook.secret], id, time, body);
    return { url: webhook.url, headers: { ...json, ...signed }, body };
  }
  if (to === 'hub' && hub) {
    const event = {
      ...{ specversion: '1.0', id, source: 'orrery-autoheal', time: time.toISOString() },
      type: `${hub.project}.mesh.events.autoheal.${type}`,
      data: { title, service: container, detail },
    };
    return {
      url: `${hub.url.replace(/\/+$/, '')}/api/fed/events`,
      headers: { 'content-type': 'application/cloudevents+json', 'x-api-key': hub.key },
      body: JSON.stringify(event),
    };
  }
  return undefined;
}
