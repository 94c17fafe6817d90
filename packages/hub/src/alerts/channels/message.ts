import { type AlertNotification, formatDuration, type HealNews } from '@orrery/protocol';
import type { Outgoing, SendContext } from './channel.ts';
import { headingOf, stateOf, tagOf } from './words.ts';

/** What people are told, before it takes a channel's form. All of it is plain text that nobody has escaped yet. */
export type Message = {
  state: 'firing' | 'resolved' | 'test';
  severity: 'critical' | 'warning' | 'info';
  /** One line: `[critical] veria/api: error rate above 5 %`. */
  subject: string;
  title: string;
  description: string;
  facts: { name: string; value: string }[];
  recommendation?: string;
  notes: string[];
  /** Opens the alert in the console; made by us, safe to be a link. */
  link: string;
};

// Control characters, and those that turn the reading direction or hide in text: a title cannot pretend to be another line.
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;

/** One line of at most `max` characters. */
export const oneLine = (text: string, max: number): string =>
  cut(text.replace(INVISIBLE, ' ').replace(/\s+/g, ' ').trim(), max);

/** Lines of text, at most `max` characters in all. */
const lines = (text: string, max: number): string =>
  cut(
    text
      .split(/\r\n|\r|\n/)
      .map((line) => line.replace(/\t/g, ' ').replace(INVISIBLE, '').trimEnd())
      .join('\n')
      .trim(),
    max,
  );

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const whole = Array.from(new Intl.Segmenter().segment(text.slice(0, max)), ({ segment }) => segment);
  return `${whole.slice(0, -1).join('')}…`;
}

export const time = (text: string): string => `${text.slice(0, 19).replace('T', ' ')} UTC`;

/** `12 s`, `95 m`, `30 h`, `4 d`: whole units, at most 120 of the smaller one. */
function duration(ms: number): string {
  const unit = ms < 120_000 ? 1000 : ms < 7_200_000 ? 60_000 : ms < 172_800_000 ? 3_600_000 : 86_400_000;
  return formatDuration(Math.max(unit, Math.round(ms / unit) * unit)).replace(/(\D+)$/, ' $1');
}

/** Says what happened in words: project, service, severity, what broke with its values, since when, what to do, where to look. */
export function message(
  { notification, notes, possibleRepeat }: Outgoing,
  { publicUrl }: Pick<SendContext, 'publicUrl'>,
): Message {
  const { alert, type, at, heal } = notification;
  const where = oneLine(alert.service === undefined ? alert.project : `${alert.project}/${alert.service}`, 130);
  const title = oneLine(alert.title, 200) || '(no title)';
  const lasted =
    alert.resolvedAt === undefined ? undefined : Date.parse(alert.resolvedAt) - Date.parse(alert.createdAt);
  const facts = [
    { name: 'Project', value: oneLine(alert.project, 80) },
    ...(alert.service === undefined ? [] : [{ name: 'Service', value: oneLine(alert.service, 80) }]),
    { name: 'Severity', value: alert.severity },
    ...(heal ? [] : [{ name: 'Category', value: alert.category }]),
    { name: 'Since', value: time(alert.createdAt) },
    ...(alert.resolvedAt === undefined
      ? []
      : [
          {
            name: 'Resolved',
            value: `${time(alert.resolvedAt)} after ${duration(lasted ?? 0)}, by ${oneLine(alert.resolvedBy ?? 'recovery', 120)}`,
          },
        ]),
    ...(alert.occurrences > 1 && !heal ? [{ name: 'Seen', value: `${alert.occurrences} times` }] : []),
    ...(heal ? aboutRepair(heal) : []),
  ];
  const recommendation = heal ? nextStep(type, heal) : alert.recommendation;
  return {
    state: stateOf(notification),
    severity: alert.severity,
    subject: `[${tagOf(notification)}] ${title.startsWith(where) ? title : `${where}: ${title}`}`,
    title: `${headingOf(type)}${title}`,
    description: lines(heal ? storyOf(heal) : alert.description, 2000),
    facts,
    ...(recommendation === undefined ? {} : { recommendation: lines(recommendation, 1000) }),
    notes: [
      ...notes,
      ...(possibleRepeat ? [`This may be a repeat: an earlier attempt to send it (${time(at)}) was cut short.`] : []),
    ],
    link:
      type === 'channel.test' || type === 'rule.matched'
        ? publicUrl
        : type === 'heal.approval_needed'
          ? `${publicUrl}/healing?attempt=${encodeURIComponent(heal?.attemptId ?? '')}`
          : `${publicUrl}/alerts?alert=${encodeURIComponent(alert.id)}`,
  };
}

/** Why, what is done about it, and what came of it so far. */
const storyOf = ({ why, remedy, detail }: HealNews): string =>
  [`Why: ${why}`, `Remedy: ${remedy}`, ...(detail === undefined ? [] : [`What came of it: ${detail}`])].join('\n');

const aboutRepair = ({ policy, attemptId }: HealNews): Message['facts'] => [
  { name: 'Policy', value: oneLine(policy, 80) },
  ...(attemptId === undefined ? [] : [{ name: 'Attempt', value: attemptId }]),
];

/** What only a person can do next. */
function nextStep(type: AlertNotification['type'], { attemptId, expiresAt }: HealNews): string | undefined {
  if (type === 'heal.approval_needed')
    return `Say yes or no${expiresAt === undefined ? '' : ` until ${time(expiresAt)}`}: under Healing in the console, or with \`orrery heal approve ${attemptId}\`.`;
  if (type === 'heal.person') return 'Nothing more is done by itself: look at the alert, and repair it by hand.';
  if (type === 'heal.worse') return 'Look at what was done: it made things worse.';
  return undefined;
}

/** One colour for a state: red, amber or blue while it fires, green when it is over. */
export const colour = ({ state, severity }: Message): string =>
  state === 'resolved'
    ? '#2f9e44'
    : state === 'test'
      ? '#868e96'
      : { critical: '#e03131', warning: '#f08c00', info: '#1c7ed6' }[severity];
