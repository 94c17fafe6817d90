import { colour, type Message } from './message.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Text that HTML shows letter by letter, in content and in attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
const paragraphs = (text: string): string => escapeHtml(text).replaceAll('\n', '<br>');

/** The mail for readers without HTML. */
export function mailText(told: Message): string {
  const width = Math.max(...told.facts.map(({ name }) => name.length)) + 2;
  return [
    told.title,
    ...told.notes,
    told.description,
    told.facts.map(({ name, value }) => `${`${name}:`.padEnd(width)}${value}`).join('\n'),
    ...(told.recommendation ? [`What to do:\n${told.recommendation}`] : []),
    `Open in Orrery: ${told.link}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The mail in HTML: styles inside (mail readers know no others), nothing loaded from anywhere, every value escaped. */
export function mailHtml(told: Message): string {
  const row = ({ name, value }: { name: string; value: string }) =>
    `<tr><td style="padding:2px 16px 2px 0;color:#667085;white-space:nowrap;vertical-align:top">${escapeHtml(name)}</td><td style="padding:2px 0;color:#101828">${escapeHtml(value)}</td></tr>`;
  const note = (text: string) =>
    `<p style="margin:0 0 12px;padding:8px 12px;background:#fff4e0;border-radius:4px;color:#5c3b00">${escapeHtml(text)}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(told.subject)}</title></head>
<body style="margin:0;padding:24px;background:#f2f4f7;font:14px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:600px;margin:0 auto;background:#ffffff;border-radius:8px;border-top:4px solid ${colour(told)};padding:24px">
<h1 style="margin:0 0 12px;font-size:18px;line-height:1.3;color:#101828">${escapeHtml(told.title)}</h1>
${told.notes.map(note).join('\n')}
<p style="margin:0 0 16px;color:#344054">${paragraphs(told.description)}</p>
<table role="presentation" cellspacing="0" cellpadding="0" style="margin:0 0 16px;font-size:14px">${told.facts.map(row).join('')}</table>
${told.recommendation ? `<p style="margin:0 0 16px;color:#344054"><strong>What to do</strong><br>${paragraphs(told.recommendation)}</p>` : ''}
<p style="margin:0"><a href="${escapeHtml(told.link)}" style="color:#175cd3">Open in Orrery</a></p>
</div></body></html>
`;
}
