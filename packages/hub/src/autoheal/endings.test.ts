import { describe, expect, test } from 'vitest';
import { createEndings } from './endings.ts';

const ID = 'a'.repeat(64);
const after = (...events: readonly (string | readonly [action: string, at: number, signal?: string])[]) => {
  const endings = createEndings();
  const news = events.map((event, i) => {
    const [action, at, signal] = typeof event === 'string' ? [event, i, undefined] : event;
    return endings.take({ action, id: ID, at, attributes: signal === undefined ? {} : { signal } });
  });
  return { ending: endings.of(ID), news };
};

describe('what the engine tells of one container', () => {
  test.each([
    ['a crash', ['die'], 'crashed'],
    ['a stop by hand', ['kill', 'die', 'stop'], 'stopped'],
    ['a kill by hand', ['kill', 'die'], 'stopped'],
    ['a restart by hand, up to its start', ['kill', 'die', 'stop'], 'stopped'],
    ['a restart by hand, whole', ['kill', 'die', 'stop', 'start'], undefined],
    ['a crash after which its engine starts it', ['die', 'start'], undefined],
    ['a crash after an old start', ['kill', 'die', 'stop', 'start', 'die'], 'crashed'],
    ['a word to the program, and then a crash', [['kill', 0, '1'], 'die'], 'crashed'],
    [
      'a request that was not obeyed, and much later a crash',
      [
        ['kill', 0, '15'],
        ['die', 600_000],
      ],
      'crashed',
    ],
    ['programs that run and end inside of it', ['exec_create: sh', 'exec_start: sh', 'exec_die'], undefined],
    ['one that is gone', ['die', 'destroy'], undefined],
  ] as const)('%s', (_, events, ending) => {
    expect(after(...events).ending).toBe(ending);
  });

  test('a crash is looked at when a start would have come, what became unhealthy at once', () => {
    expect(after(['die', 1000]).news).toEqual([{ id: ID, dueAt: 3000 }]);
    expect(after(['health_status: unhealthy', 1000]).news).toEqual([{ id: ID, dueAt: 1000 }]);
    expect(after('kill', 'die', 'stop', 'exec_die').news).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('remembers as many as there may be, and no more', () => {
    const endings = createEndings();
    for (let i = 0; i < 10_001; i++) endings.take({ action: 'die', id: `${i}`, at: 0, attributes: {} });
    expect([endings.of('0'), endings.of('1'), endings.of('10000')]).toEqual([undefined, 'crashed', 'crashed']);
  });
});
