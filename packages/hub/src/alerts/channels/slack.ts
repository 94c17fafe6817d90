import type { ChannelFamily } from './channel.ts';
import { post } from './http.ts';
import { maskHook } from './mask.ts';
import { colour, type Message, message } from './message.ts';

/** Slack reads only these three; escaped, no text can become a mention, a link or a channel. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Text that Slack shows letter by letter: no markdown, no emoji names, no links. Slack refuses a message with a longer one. */
function plain(text: string, max: number) {
  let fitting = text;
  while (escaped(fitting).length > max) fitting = `${fitting.slice(0, Math.floor(fitting.length * 0.9) - 1)}…`;
  return { type: 'plain_text', text: escaped(fitting), emoji: false } as const;
}
const section = (text: string) => ({ type: 'section', text: plain(text, 3000) }) as const;

function blocks(told: Message): object[] {
  return [
    { type: 'header', text: plain(told.title, 150) },
    ...(told.description ? [section(told.description)] : []),
    { type: 'section', fields: told.facts.slice(0, 10).map(({ name, value }) => plain(`${name}\n${value}`, 2000)) },
    ...(told.recommendation ? [section(`What to do\n${told.recommendation}`)] : []),
    ...(told.notes.length > 0 ? [{ type: 'context', elements: told.notes.map((note) => plain(note, 2000)) }] : []),
    // The one piece of markup, and all of it is ours.
    { type: 'context', elements: [{ type: 'mrkdwn', text: `<${told.link}|Open in Orrery>` }] },
  ];
}

/** What Slack says of a message or hook it does not take; anything else it might say stays unsaid. */
const ANSWERS = [
  'action_prohibited',
  'channel_is_archived',
  'channel_not_found',
  'invalid_blocks',
  'invalid_payload',
  'invalid_token',
  'no_active_hooks',
  'no_service',
  'no_service_id',
  'no_team',
  'no_text',
  'rollup_error',
  'team_disabled',
  'too_many_attachments',
  'user_not_found',
];

/** A Slack incoming webhook. */
export const slack: ChannelFamily<'slack'> = {
  target: ({ url }) => maskHook(url),
  send: ({ url }, outgoing, context) => {
    const told = message(outgoing, context);
    return post(context, {
      url,
      headers: {},
      body: JSON.stringify({
        text: escaped(told.subject),
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
        attachments: [{ color: colour(told), fallback: escaped(told.subject), blocks: blocks(told) }],
      }),
      wording: (answer) => (ANSWERS.includes(answer.trim()) ? ` (${answer.trim()})` : ''),
    });
  },
};
