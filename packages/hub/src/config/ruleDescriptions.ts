// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions in texts are the subject.
/** What each key of a rule means. */
export const RULE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  rules: 'What events and samples come to: alerts, further events, notifications. See docs/rules.md.',
  'rules[].name': "The rule's name: lower-case letters, digits, `-` and `_`.",
  'rules[].on': 'What it looks at: every `event` or every `sample`.',
  'rules[].when':
    'A condition in CEL about `event` (id, type, project, service, title, data, at) or `sample` (project, service, key, value, unit, tags, at). `${` is no reference here.',
  'rules[].effect': 'What it does when the condition holds.',
  'rules[].effect.alert.kind': '`alert`: an alert of the project and service that the event or sample is of.',
  'rules[].effect.alert.severity': '`critical`, `warning` or `info`.',
  'rules[].effect.alert.category': '`performance`, `security`, `cost`, `opportunity` or `availability`.',
  'rules[].effect.alert.title':
    "The alert's title; `${…}` holds a CEL expression: `Deploy of ${event.project} failed`.",
  'rules[].effect.alert.description': 'What happened, in the same form.',
  'rules[].effect.alert.recommendation': 'What to do about it, in the same form.',
  'rules[].effect.alert.resolveAfter': 'The alert ends when the rule has not matched for so long.',
  'rules[].effect.event.kind': '`event`: a further event, on which no rule acts.',
  'rules[].effect.event.type': "The new event's type: `deploy.blocked`.",
  'rules[].effect.event.title': "The new event's title; `${…}` holds a CEL expression.",
  'rules[].effect.notify.kind': '`notify`: a notification that is no alert.',
  'rules[].effect.notify.channels':
    'The channels that are told; each takes only the severities and projects that it declares.',
  'rules[].effect.notify.title': 'What is told; `${…}` holds a CEL expression.',
  'rules[].effect.notify.description': 'More of it, in the same form.',
  'rules[].effect.notify.severity': '`critical`, `warning` or `info`.',
  'rules[].cooldown': 'Acts at most once in this time for one project and service; an alert that is open goes on.',
  'rules[].enabled': '`false` keeps the rule in the file and out of work.',
};
