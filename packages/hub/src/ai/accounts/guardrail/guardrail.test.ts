import { RedactionRule } from '@orrery/protocol';
import { describe, expect, test } from 'vitest';
import { call } from '../testing.ts';
import { createGuardrail, patternProblem } from './guardrail.ts';

const guardrail = createGuardrail(
  (
    (list) => () =>
      list
  )([{ tenants: ['acme'], rules: RedactionRule.options, patterns: [{ name: 'case', pattern: 'CASE-\\d{4}' }] }]),
);
const away = { local: false };
const text = (said: string, more = {}) => {
  const checked = guardrail.check(call(more), { messages: [{ role: 'user', content: said }] }, away);
  return checked.ok ? (checked.body as { messages: { content: string }[] }).messages[0]?.content : checked.reason;
};

describe('what leaves for a provider', () => {
  test.each([
    ['write to ann.smith+x@example.co.uk now', 'write to [e-mail] now'],
    ['card 4111 1111 1111 1111, order 1234567890123456', 'card [card], order 1234567890123456'],
    ['card 4111-1111-1111-1111.', 'card [card].'],
    ['IBAN DE89 3704 0044 0532 0130 00 PLEASE', 'IBAN [iban] PLEASE'],
    ['IBAN GB82WEST12345698765432', 'IBAN [iban]'],
    ['DE00370400440532013000 is none', 'DE00370400440532013000 is none'],
    ['call +49 30 1234567 or (212) 555-0188 or 212-555-0188', 'call [phone] or [phone] or [phone]'],
    [
      'version 1.2.3, 2026-11-27 10:20:30, 192.168.10.12, 3.14159265',
      'version 1.2.3, 2026-11-27 10:20:30, 192.168.10.12, 3.14159265',
    ],
    ['key sk-ant-api03-abcdefghijklmnopqrstuv and AKIAIOSFODNN7EXAMPLE', 'key [api key] and [api key]'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', '[api key]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r', '[token]'],
    ['a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb', 'a\n[private key]\nb'],
    ['cut short -----BEGIN PRIVATE KEY-----\nMIIE', 'cut short [private key]'],
    ['about CASE-1234', 'about [case]'],
    ['nothing to see, task-sk-1, skills', 'nothing to see, task-sk-1, skills'],
  ])('%s', (said, sent) => {
    expect(text(said)).toBe(sent);
  });

  test('is the very same body where nothing was found, at a local model, and of a tenant that did not ask', () => {
    const body = { model: 'x', messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }] };
    const secret = { messages: [{ content: 'ann@example.com' }] };
    expect(guardrail.check(call(), body, away)).toEqual({ ok: true, body });
    for (const [one, where, who] of [
      [body, away, 'acme'],
      [secret, { local: true }, 'acme'],
      [secret, away, 'other'],
      [secret, away, null],
    ] as const) {
      const checked = guardrail.check(call({ tenant: who }), one, where);
      expect(checked.ok && checked.body === one).toBe(true);
    }
  });

  test('keeps names, images and the given object as they are', () => {
    const body = {
      model: 'ann@example.com',
      system: 'ann@example.com',
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,+493012345678' } }] },
        { role: 'user', content: [{ type: 'image', source: { type: 'base64', data: 'ann@example.com' } }] },
        { role: 'tool', tool_call_id: 'ann@example.com', content: '{"to":"ann@example.com"}' },
      ],
    };
    const before = structuredClone(body);
    const checked = guardrail.check(call(), body, away);
    expect(checked).toEqual({
      ok: true,
      body: {
        ...before,
        system: '[e-mail]',
        messages: [before.messages[0], before.messages[1], { ...before.messages[2], content: '{"to":"[e-mail]"}' }],
      },
    });
    expect(body).toEqual(before);
  });

  test('is refused when it is too deep to be read', () => {
    let body: unknown = 'ann@example.com';
    for (let i = 0; i < 100; i++) body = [body];
    expect(guardrail.check(call(), body, away)).toMatchObject({ ok: false });
  });
});

test('a long text costs no more than its length', () => {
  const began = process.cpuUsage();
  for (const piece of ['a@', '1 ', '+1 ', 'DE89 ', 'eyJaaaaaaaa.', '-----BEGIN PRIVATE KEY-----', 'sk-', '1-', '(1) '])
    text(piece.repeat(200_000 / piece.length));
  // Each alone would take minutes if a pattern could go back and forth in it.
  expect(process.cpuUsage(began).user).toBeLessThan(10_000_000);
});

test('says what is wrong with a pattern', () => {
  expect([patternProblem('a+'), patternProblem('(a')]).toEqual([undefined, expect.stringContaining('RE2')]);
});
