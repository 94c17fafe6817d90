import { describe, expect, it } from 'vitest';
import { judge } from './collect.ts';
import { instanceAction, plan, subjectOf, type Target } from './plan.ts';
import { actionsUrl } from './send.ts';
import { judgeSignature } from './verify.ts';

const target = (slug: string, allowFanout: string[] = [], declared: string[] | null = null): Target => ({
  slug,
  allowFanout,
  declared,
});

describe('what instances are asked for', () => {
  it.each([
    ['fed.audit.security.sweep', 'audit.security', 'audit.requested.security'],
    ['fed.refresh.summaries', 'graph.refresh', 'graph.summary.requested'],
    ['audit.security', 'audit.security', 'audit.requested.security'],
    ['cache.clear', 'cache.clear', 'action.requested.cache.clear'],
  ])('%s is %s, on %s', (action, instance, subject) => {
    expect(instanceAction(action)).toBe(instance);
    expect(subjectOf(instance)).toBe(subject);
  });
  it.each(['fed.nothing', 'fed.constructor', 'fed.toString'])('%s is nothing', (action) => {
    expect(instanceAction(action)).toBeUndefined();
  });
});

describe('who may be asked', () => {
  const sweep = { action: 'fed.audit.security.sweep', instanceAction: 'audit.security' };
  const clear = { action: 'cache.clear', instanceAction: 'cache.clear' };
  it.each([
    ['nobody, unless the project allows it', sweep, target('a'), 'not in its allowFanout'],
    ['not one that allows something else', clear, target('a', ['audit.security']), 'not in its allowFanout'],
    ['one that allows it', sweep, target('a', ['audit.security']), undefined],
    ['a sweep, whatever the manifest says', sweep, target('a', ['audit.security'], []), undefined],
    ['one that allows it and declares it', clear, target('a', ['cache.clear'], ['cache.clear']), undefined],
    ['one whose manifest is not known', clear, target('a', ['cache.clear']), undefined],
    ['not one that does not declare it', clear, target('a', ['cache.clear'], ['x']), 'does not declare'],
  ])('%s', (_what, asked, one, why) => {
    const [verdict] = plan(asked, [one], true);
    expect(verdict).toEqual(
      why ? { project: 'a', ok: false, reason: expect.stringContaining(why) } : { project: 'a', ok: true },
    );
  });

  it('nobody, while nothing can be signed', () => {
    expect(plan(sweep, [target('a', ['audit.security'])], false)[0]).toMatchObject({
      ok: false,
      reason: expect.stringContaining('MESH_HMAC_KEY'),
    });
  });

  it('those that are named, each once, and an unknown one is denied as if it did not exist', () => {
    const verdicts = plan(
      { ...sweep, projects: ['b', 'ghost', 'b'] },
      [target('a'), target('b', ['audit.security'])],
      true,
    );
    expect(verdicts).toEqual([
      { project: 'b', ok: true },
      { project: 'ghost', ok: false, reason: 'No project "ghost".' },
    ]);
  });
});

describe('what an instance tells of a run', () => {
  const run = { auditId: 'x1', action: 'audit.security', status: 'succeeded', startedAt: '2026-01-01T00:00:00Z' };
  it.each([
    ['that very run', run, 'run'],
    ['another run', { ...run, auditId: 'x2' }, 'forged'],
    ['another action', { ...run, action: 'cache.clear' }, 'forged'],
    ['no run', { ok: true }, 'forged'],
    ['nothing', undefined, 'forged'],
    ['a state that there is not', { ...run, status: 'perfect' }, 'forged'],
  ])('%s', (_what, answer, kind) => expect(judge(answer, 'x1', 'audit.security').kind).toBe(kind));
});

describe('how an instance checks signatures', () => {
  it.each([
    ['it knows the hub, and a stranger', 404, 401, 'ok'],
    ['it answers a signed request otherwise', 400, 403, 'ok'],
    ['it has another key', 401, 401, 'refused'],
    ['it takes anything', 404, 202, 'open'],
    ['it serves no actions', 404, 404, 'none'],
    ['it is broken', 500, 500, 'failed'],
    ['it is broken behind the check', 500, 401, 'failed'],
  ])('%s', (_what, good, forged, status) => expect(judgeSignature(good, forged).status).toBe(status));
});

it('an action is sent to the origin of the instance, whatever its manifest says', () => {
  const at = (actions?: string) =>
    actionsUrl({
      ...{ slug: 'a', name: 'A', hubUrl: 'http://a.test/base/', allowFanout: [] },
      capabilities: { actions: [], endpoints: actions === undefined ? {} : { actions } },
    });
  expect(at()).toBe('http://a.test/base/api/actions');
  expect(at('/orrery/actions')).toBe('http://a.test/base/orrery/actions');
  for (const evil of ['//evil.test/x', 'http://evil.test', '/a b', '/a\nb', '@evil.test'])
    expect(at(evil)).toBe('http://a.test/base/api/actions');
});
