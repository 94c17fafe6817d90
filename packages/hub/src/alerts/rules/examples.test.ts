import { readFileSync } from 'node:fs';
import { FileDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { digest } from '../../intake/digest.ts';
import { compileRule } from './compile.ts';
import { RULE_EXAMPLES } from './examples.ts';
import { type Outcome, runRule } from './hits.ts';
import { sampleSubject } from './samples.ts';
import { EventSubject, type Subject } from './subjects.ts';

const NOW = Date.parse('2026-11-21T04:00:00Z');
const RULES = new Map(FileDeclaration.parse(parse(RULE_EXAMPLES)).rules.map((rule) => [rule.name, rule]));

/** What a product sends, as it comes out of the event door. */
function pushed(type: string, data: object): Subject {
  const event = { specversion: '1.0', id: 'e-1', source: 'veria', type, time: '2026-11-21T03:59:58Z', data };
  const read = digest(event, { slug: 'veria' }, NOW);
  if (!('ok' in read)) throw new Error(read.refused.reason);
  const [made] = read.ok.events;
  if (made)
    return new EventSubject({
      id: made.id ?? '',
      type: made.type,
      project: made.project,
      service: made.service ?? '',
      title: made.title,
      data: made.data ?? {},
      at: new Date(made.at),
    });
  const [sample] = read.ok.samples;
  const subject = sample && sampleSubject('veria', sample, NOW);
  if (!subject) throw new Error('neither an event nor a sample');
  return subject;
}
const sample = (key: string, value: number) =>
  pushed('metrics.samples', { projectSlug: 'veria', samples: [{ key, value }] });
const scan = (vulnsCritical: number) =>
  pushed('security.summary.status', {
    projectSlug: 'veria',
    vulnsCritical,
    vulnsHigh: 4,
    lastScan: '2026-11-21T03:00:00Z',
  });

const CASES: Record<string, { matches: [Subject, string][]; passes: Subject[] }> = {
  'deploy-failed': {
    matches: [
      [
        pushed('events.deploy.finished', { status: 'failed', version: '1.4.2', title: 'v1.4.2 to production' }),
        'Deploy of veria failed: v1.4.2 to production',
      ],
      [
        pushed('events.deploy.rolled_back', { message: 'health checks failed' }),
        'Deploy of veria failed: health checks failed',
      ],
      [pushed('events.deploy.failed', {}), 'Deploy of veria failed: deploy.failed'],
    ],
    passes: [
      pushed('events.deploy.finished', { status: 'succeeded', version: '1.4.2' }),
      pushed('events.deploy.finished', { version: '1.4.2' }),
      pushed('events.deploy.started', { status: 'failed' }),
    ],
  },
  'job-failed': {
    matches: [
      [pushed('events.backup.failed', { name: 'nightly', title: 'Disk full' }), 'veria: backup.failed (nightly)'],
      [
        pushed('events.certificate.failed', { title: 'Renewal of api.veria.example refused' }),
        'veria: certificate.failed (Renewal of api.veria.example refused)',
      ],
      [pushed('events.cron.missed', { name: 'invoices', service: 'worker' }), 'veria: cron.missed (invoices)'],
    ],
    passes: [pushed('events.backup.finished', { name: 'nightly' }), pushed('events.my.backup.failed', {})],
  },
  'critical-vulnerabilities': {
    matches: [[scan(2), 'veria has critical vulnerabilities']],
    passes: [scan(0), sample('security.vulns_high', 9)],
  },
  'ai-spend': {
    matches: [[sample('ai.cost_usd_24h', 71.23), 'veria spent 71.23 USD on AI in a day']],
    passes: [sample('ai.cost_usd_24h', 50), sample('ai.calls_24h', 5000)],
  },
  'admin-sign-in-abroad': {
    matches: [
      [
        pushed('events.auth.signed_in', { role: 'admin', country: 'BR', user: 'ann' }),
        'An administrator of veria signed in from BR',
      ],
    ],
    passes: [
      pushed('events.auth.signed_in', { role: 'admin', country: 'AT' }),
      pushed('events.auth.signed_in', { role: 'viewer', country: 'BR' }),
      pushed('events.auth.signed_in', { role: 'admin' }),
    ],
  },
};

describe('the rules that come along', () => {
  it('are the five that are tried here, and those of the documentation', () => {
    expect([...RULES.keys()]).toEqual(Object.keys(CASES));
    const page = readFileSync(new URL('../../../../../docs/rules.md', import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`yaml\n${RULE_EXAMPLES}\`\`\``);
  });

  describe.each(Object.entries(CASES))('%s', (name, { matches, passes }) => {
    const run = (subject: Subject): Outcome => {
      const declaration = RULES.get(name);
      const rule = declaration && compileRule(declaration);
      if (!rule || Array.isArray(rule)) throw new Error(JSON.stringify(rule));
      // What the engine asks only about such events and samples.
      const word = subject instanceof EventSubject ? subject.type : subject.key;
      return rule.words && !rule.words.has(word) ? { kind: 'miss' } : runRule(rule, subject);
    };

    it.each(matches)('matches %o', (subject, title) =>
      expect(run(subject)).toMatchObject({ kind: 'hit', hit: { project: 'veria', title } }),
    );
    it.each(passes.map((subject) => [subject]))('leaves alone %o', (subject) =>
      expect(run(subject)).toEqual({ kind: 'miss' }),
    );
  });
});
