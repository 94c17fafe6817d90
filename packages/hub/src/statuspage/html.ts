import type { StatusPageView } from '@orrery/protocol';

type Service = StatusPageView['groups'][number]['services'][number];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (raw: string): string => raw.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');

const WORD = {
  up: 'Operational',
  degraded: 'Degraded',
  down: 'Unavailable',
  maintenance: 'Maintenance',
  unknown: 'Not measured',
} as const;
const HEADLINE = {
  up: 'Everything works',
  degraded: 'Some services are slower than usual',
  down: 'Some services are unavailable',
  maintenance: 'Maintenance is under way',
  unknown: 'Not everything is measured right now',
} as const;
const MARK = { up: '●', degraded: '▲', down: '■', maintenance: '◆', unknown: '○' } as const;

const time = (at: string): string =>
  `<time datetime="${text(at)}">${text(at.slice(0, 16).replace('T', ' '))} UTC</time>`;
const mark = (status: Service['status']): string =>
  `<span class="mark ${status}" aria-hidden="true">${MARK[status]}</span>`;

const level = (uptime: number | null): string =>
  uptime === null ? 'none' : uptime >= 99.9 ? 'up' : uptime >= 95 ? 'degraded' : 'down';
const inWords = (uptime: number | null): string => (uptime === null ? 'not measured' : `${uptime.toFixed(2)} %`);

/** Ninety days as ninety bars in one picture: no script, no style of its own. */
function bars({ name, days }: Service): string {
  const bar = days
    .map(
      ({ day, uptimePercent }, i) =>
        `<rect class="${level(uptimePercent)}" x="${i * 10}" y="0" width="7" height="34" rx="2"><title>${day}: ${inWords(uptimePercent)}</title></rect>`,
    )
    .join('');
  const measured = days.filter(({ uptimePercent }) => uptimePercent !== null).length;
  const troubled = days.filter(({ uptimePercent }) => uptimePercent !== null && uptimePercent < 99.9).length;
  const label = `${name}, last ${days.length} days: ${measured} measured, ${troubled} below 99.9 %`;
  return `<svg class="bars" viewBox="0 0 ${days.length * 10 - 3} 34" preserveAspectRatio="none" role="img" aria-label="${text(label)}">${bar}</svg>`;
}

const service = (one: Service): string => `
      <li class="service">
        <div class="line"><h3>${text(one.name)}</h3><span class="state ${one.status}">${mark(one.status)} ${WORD[one.status]}</span></div>
        ${bars(one)}
        <div class="line quiet"><span>${one.days.length} days ago</span><span>${inWords(one.uptimePercent)}${one.uptimePercent === null ? '' : ' uptime'}</span><span>today</span></div>
      </li>`;

const incident = (one: StatusPageView['incidents'][number]): string => `
      <li><span class="state ${one.status === 'resolved' ? 'up' : one.severity === 'critical' ? 'down' : 'degraded'}">${mark(one.status === 'resolved' ? 'up' : one.severity === 'critical' ? 'down' : 'degraded')} ${one.status === 'open' ? 'Open' : 'Resolved'}</span>
        <div><h3>${text(one.title)}</h3><p class="quiet">${time(one.startedAt)}${one.resolvedAt === undefined ? '' : ` – ${time(one.resolvedAt)}`}</p></div></li>`;

const window = (one: StatusPageView['maintenance'][number]): string => `
      <li><span class="state maintenance">${mark('maintenance')} ${one.active ? 'Now' : 'Planned'}</span>
        <div><h3>${text(one.title)}</h3><p class="quiet">${time(one.from)} – ${time(one.until)} · ${text(one.services.join(', '))}</p></div></li>`;

const section = (title: string, body: string): string => `
    <section><h2>${text(title)}</h2>${body}
    </section>`;

/** The page as HTML without scripts; it asks for itself again every minute. */
export function toHtml(view: StatusPageView): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="refresh" content="60">
  <meta name="color-scheme" content="light dark">
  <title>${text(view.title)}</title>
  <link rel="stylesheet" href="/status.css">
  <link rel="icon" href="/favicon.svg">
</head>
<body>
  <main>
    <header><h1>${text(view.title)}</h1>${view.description === undefined ? '' : `<p>${text(view.description)}</p>`}</header>
    <p class="banner ${view.status}" role="status">${mark(view.status)} ${HEADLINE[view.status]}</p>${
      view.maintenance.length === 0
        ? ''
        : section('Maintenance', `<ul class="list">${view.maintenance.map(window).join('')}</ul>`)
    }${view.groups.map((group) => section(group.name, `<ul>${group.services.map(service).join('')}</ul>`)).join('')}${section(
      'Incidents',
      view.incidents.length === 0
        ? '<p class="quiet">None in the last 14 days.</p>'
        : `<ul class="list">${view.incidents.map(incident).join('')}</ul>`,
    )}
    <footer class="quiet">As of ${time(view.generatedAt)}</footer>
  </main>
</body>
</html>
`;
}

/** Its style, served as a file of its own, so that the page needs no exception from the content policy. */
export const STYLE = `:root{--bg:#f5f6f8;--panel:#fff;--line:#e3e6ec;--ink:#161b26;--ink-2:#5b6475;--up:#137a53;--up-bar:#3aa67c;--degraded:#8f5f00;--degraded-bar:#d99a1c;--down:#c22b3a;--down-bar:#d63c4a;--maintenance:#4345c4;--none:#d3d8e0}
@media (prefers-color-scheme:dark){:root{--bg:#0b0e14;--panel:#11151d;--line:#1e2430;--ink:#e8ebf1;--ink-2:#8c95a7;--up:#3fbf8e;--up-bar:#2f9a72;--degraded:#e2ad49;--degraded-bar:#c68f2c;--down:#f4717a;--down-bar:#ef626c;--maintenance:#a9aaff;--none:#2d3544}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:400 15px/1.5 "Inter Variable",system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:820px;margin:0 auto;padding:48px 20px 64px}
h1{margin:0;font-size:28px;font-weight:650;letter-spacing:-.01em}
h2{margin:36px 0 10px;font-size:14px;font-weight:600;color:var(--ink-2)}
h3{margin:0;font-size:15px;font-weight:550;overflow-wrap:anywhere}
p{margin:6px 0 0}
ul{margin:0;padding:0;list-style:none;background:var(--panel);border:1px solid var(--line);border-radius:10px}
li{padding:16px 18px}
li+li{border-top:1px solid var(--line)}
.banner{margin:22px 0 0;padding:14px 18px;background:var(--panel);border:1px solid var(--line);border-left:4px solid currentColor;border-radius:10px;font-weight:600}
.line{display:flex;justify-content:space-between;gap:16px;align-items:baseline}
.list li{display:grid;grid-template-columns:116px 1fr;gap:14px}
.state{white-space:nowrap;font-weight:550}
.mark{font-size:.8em}
.quiet{color:var(--ink-2);font-size:13px}
.banner.up,.state.up{color:var(--up)}.banner.degraded,.state.degraded{color:var(--degraded)}.banner.down,.state.down{color:var(--down)}.banner.maintenance,.state.maintenance{color:var(--maintenance)}.banner.unknown,.state.unknown{color:var(--ink-2)}
.bars{display:block;width:100%;height:34px;margin:10px 0 4px}
.bars .up{fill:var(--up-bar)}.bars .degraded{fill:var(--degraded-bar)}.bars .down{fill:var(--down-bar)}.bars .none{fill:var(--none)}
footer{margin-top:36px}
@media (max-width:520px){main{padding:28px 14px 40px}.list li{grid-template-columns:1fr;gap:4px}}
`;
