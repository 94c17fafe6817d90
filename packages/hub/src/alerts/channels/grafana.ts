import { z } from 'zod';
import type { ChannelFamily, DeclarationOf, Outgoing, SendContext, SendOutcome } from './channel.ts';
import { deliveryHeaders, exchange, type HttpMessage, jsonOf, post } from './http.ts';
import { escapeHtml } from './mail.ts';
import { maskHook } from './mask.ts';
import { message } from './message.ts';

const MAX_KNOWN_BYTES = 64 * 1024;

type Declaration = DeclarationOf<'grafana'>;

/**
 * Marks alerts on Grafana's dashboards. The mark carries the alert's id as a tag: by that it is found again, made a span when the alert is
 * over, and not made twice.
 */
export const grafana: ChannelFamily<'grafana'> = {
  target: ({ url }) => maskHook(url),
  async send(declaration, outgoing, context) {
    const { alert, type } = outgoing.notification;
    const over = type === 'alert.resolved' || type === 'alert.ignored' || alert.status === 'resolved';
    // What became of a repair stands in the mark of its alert.
    const isNews = outgoing.notification.heal !== undefined;
    const request = {
      headers: { authorization: `Bearer ${declaration.token}`, ...deliveryHeaders(outgoing) },
      url: annotationsUrl(declaration.url),
    };
    const known = mayBeThere(outgoing) ? await markOf(alert.id, request, context) : undefined;
    if (known !== undefined && known.kind !== 'found') return known.outcome;
    const mark = markFor(declaration, outgoing, context, over);
    if (known?.id === undefined) return post(context, { ...request, body: JSON.stringify(mark) });
    if (!over && !isNews) return { kind: 'delivered', detail: 'it is marked there already' };
    const { timeEnd, text, tags } = mark;
    return post(context, {
      ...request,
      method: 'PATCH',
      url: `${request.url}/${known.id}`,
      body: JSON.stringify({ timeEnd, text, tags }),
    });
  },
};

function annotationsUrl(text: string): string {
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/annotations`;
  return url.href;
}

const mayBeThere = ({ possibleRepeat, notification: { type } }: Outgoing): boolean =>
  type === 'channel.test' || type === 'rule.matched' ? false : type !== 'alert.opened' || possibleRepeat;

function markFor({ tags, dashboardUid }: Declaration, outgoing: Outgoing, context: SendContext, over: boolean) {
  const { alert, at } = outgoing.notification;
  const own = [alert.project, alert.service ?? '', alert.severity, alert.id].filter(Boolean);
  return {
    ...(dashboardUid === undefined ? {} : { dashboardUID: dashboardUid }),
    time: Date.parse(alert.createdAt),
    ...(over ? { timeEnd: Date.parse(alert.resolvedAt ?? at) } : {}),
    tags: [...new Set([...tags, ...own.map((tag) => tag.toWellFormed().slice(0, 100))])],
    text: textOf(outgoing, context),
  };
}

/** Grafana shows the text as HTML: all of it is escaped, and the one link is ours. */
function textOf(outgoing: Outgoing, context: SendContext): string {
  const told = message(outgoing, context);
  const lines = [
    told.subject,
    ...told.notes,
    told.description,
    told.facts.map(({ name, value }) => `${name}: ${value}`).join('\n'),
    told.recommendation === undefined ? '' : `What to do: ${told.recommendation}`,
  ];
  const text = lines.filter(Boolean).map((line) => escapeHtml(line.toWellFormed()).replaceAll('\n', '<br>'));
  return `${text.join('<br>')}<br><a href="${escapeHtml(told.link)}">Open in Orrery</a>`;
}

const Found = z.array(z.object({ id: z.int() }));

/** The mark that this alert has there already, if any. */
async function markOf(
  id: string,
  request: Pick<HttpMessage, 'url' | 'headers'>,
  context: SendContext,
): Promise<{ kind: 'found'; id?: number } | { kind: 'failed'; outcome: SendOutcome }> {
  const url = new URL(request.url);
  url.searchParams.set('type', 'annotation');
  url.searchParams.set('tags', id);
  url.searchParams.set('limit', '1');
  const { outcome, answer } = await exchange(context, {
    ...request,
    url: url.href,
    method: 'GET',
    maxBytes: MAX_KNOWN_BYTES,
  });
  // Nothing was written yet, whatever became of the question.
  if (outcome.kind === 'unavailable') return { kind: 'failed', outcome: { ...outcome, mayHaveArrived: false } };
  if (outcome.kind === 'stopped' || outcome.kind === 'gone') return { kind: 'failed', outcome };
  const found = Found.safeParse(jsonOf(answer));
  const first = found.success ? found.data[0] : undefined;
  // A token that may write but not read: a second mark is better than none.
  return { kind: 'found', ...(first === undefined ? {} : { id: first.id }) };
}
