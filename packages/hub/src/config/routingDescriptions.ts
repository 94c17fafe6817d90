const match = (of: string) => ({
  [`${of}.match`]:
    'Which are meant: every field that is given must hold, any one of its values; `*` stands for any text. All when absent.',
  [`${of}.match.projects`]: 'Slugs of projects.',
  [`${of}.match.services`]: 'Services by their name, or as `project/service`.',
  [`${of}.match.tags`]: "The project's tags.",
});

/** What each key of routes and maintenance means. */
export const ROUTING_DESCRIPTIONS: Readonly<Record<string, string>> = {
  routes:
    'Who hears of what, from the top: the first route whose match holds decides. Without any, every channel is told by its own filter. See docs/routing.md.',
  'routes[].name': "The route's name: lower-case letters, digits, `-` and `_`.",
  ...match('routes[]'),
  'routes[].match.severities': '`critical`, `warning`, `info`.',
  'routes[].match.categories': '`performance`, `security`, `cost`, `opportunity`, `availability`.',
  'routes[].match.teams': "The project's teams.",
  'routes[].match.titles': "The alert's title.",
  'routes[].channels': 'The channels that are told; `[]` is nobody, on purpose.',
  'routes[].continue': 'Whether the routes after it are looked at too.',
  'routes[].quietHours': 'What opens in them is told at their end if it still fires then.',
  'routes[].quietHours[].from': 'When they begin: `"22:00"`.',
  'routes[].quietHours[].to':
    'When they end, on the next day if that is the earlier time; the same time is a whole day.',
  'routes[].quietHours[].timeZone': 'Whose clock is meant: `Europe/Berlin`.',
  'routes[].quietHours[].days': 'The days on which they begin: `mon` to `sun`; every day when absent.',
  'routes[].quietHours[].except': 'Severities that are told all the same.',
  'routes[].repeatEvery': 'Told again this often while it is open and nobody has acknowledged it; never when absent.',
  'routes[].escalate': 'Who else is told when nobody has acknowledged it.',
  'routes[].escalate[].after': 'So long after it was first told.',
  'routes[].escalate[].channels': 'The channels that are told then.',
  maintenance:
    'When trouble is expected: nobody is told, and it does not count against uptime. Either once (`from`, `until`) or again and again (`cron`, `timeZone`, `lasts`).',
  'maintenance[].name': 'Its name: lower-case letters, digits, `-` and `_`.',
  'maintenance[].title': 'What people read, on status pages too.',
  ...match('maintenance[]'),
  'maintenance[].public': 'Whether status pages show it that show what it covers.',
  'maintenance[].from': 'When it begins: `2026-12-05T22:00:00Z`.',
  'maintenance[].until': 'When it ends.',
  'maintenance[].cron': 'When it begins again and again, in five fields: `0 2 * * sun`.',
  'maintenance[].timeZone': 'On whose clock the expression is read: `Europe/Berlin`.',
  'maintenance[].lasts': 'How long it lasts each time.',
};
