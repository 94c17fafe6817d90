import type { AlertNotification } from '@orrery/protocol';

type Type = AlertNotification['type'];
/** `tag` stands in brackets before the subject, `heading` before the title. `loud`: it decides whether somebody gets up, so it names the severity. */
type Words = { tag: string; heading: string; loud?: boolean };

const WORDS: Record<Type, Words> = {
  'alert.opened': { tag: '', heading: '', loud: true },
  'alert.acknowledged': { tag: 'acknowledged', heading: 'Acknowledged: ' },
  'alert.resolved': { tag: 'resolved', heading: 'Resolved: ' },
  'alert.ignored': { tag: 'ignored', heading: 'Ignored: ' },
  'alert.reminder': { tag: 'still open', heading: 'Still open: ', loud: true },
  'alert.escalated': { tag: 'escalated', heading: 'Nobody has answered yet: ', loud: true },
  'rule.matched': { tag: '', heading: '', loud: true },
  'channel.test': { tag: 'test', heading: '' },
  'heal.began': { tag: 'being repaired', heading: 'Being repaired: ' },
  'heal.approval_needed': { tag: 'approval needed', heading: 'Its repair waits for approval: ', loud: true },
  'heal.approved': { tag: 'repair approved', heading: 'Its repair was approved: ' },
  'heal.denied': { tag: 'repair denied', heading: 'Its repair was denied: ' },
  'heal.healed': { tag: 'healed', heading: 'Healed: ' },
  'heal.no_effect': { tag: 'not healed', heading: 'The repair had no effect: ', loud: true },
  'heal.worse': { tag: 'worse', heading: 'Worse after the repair: ', loud: true },
  'heal.failed': { tag: 'repair failed', heading: 'The repair failed: ', loud: true },
  'heal.refused': { tag: 'not repaired', heading: 'Not repaired after all: ' },
  'heal.expired': { tag: 'approval expired', heading: 'Nobody approved the repair: ', loud: true },
  'heal.person': { tag: 'needs a person', heading: 'Needs a person: ', loud: true },
};

/** What stands in brackets before the subject: `critical`, `resolved`, `critical, still open`. */
export function tagOf({ type, alert }: AlertNotification): string {
  const { tag, loud } = WORDS[type];
  return loud ? [alert.severity, tag].filter(Boolean).join(', ') : tag;
}

export const headingOf = (type: Type): string => WORDS[type].heading;

/** Whether what it is about is over: a repair that healed says nothing of that while the alert stands. */
export function stateOf({ type, alert }: AlertNotification): 'firing' | 'resolved' | 'test' {
  if (type === 'channel.test') return 'test';
  if (type.startsWith('heal.')) return alert.status === 'resolved' ? 'resolved' : 'firing';
  return type === 'alert.resolved' ? 'resolved' : 'firing';
}
