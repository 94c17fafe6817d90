import { deriveProjectKey, signBody } from '@orrery/protocol/signing';
import { expect, it } from 'vitest';
import { createInstance } from '../src/index.ts';

const OLD = 'the-mesh-key-before-the-rotation';
const NEW = 'the-mesh-key-after-the-rotation!';
const BODY = JSON.stringify({ action: 'stock.count', requestedBy: 'ada', requestId: 'r-1', params: { store: 7 } });

/** Mulberry32: the same forgeries in every run. */
function random(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { below: (n: number) => Math.floor(next() * n) };
}

type Signed = { body: string; headers: Record<string, string> };
type Forge = (signed: Signed, pick: ReturnType<typeof random>) => Signed;
const flip = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
const header = (name: string, change: (value: string, pick: ReturnType<typeof random>) => string): Forge => {
  return ({ body, headers }, pick) => ({ body, headers: { ...headers, [name]: change(headers[name] ?? '', pick) } });
};
const key = (secret: string, offMs = 0): Forge => {
  return ({ body }) => ({ body, headers: signBody([secret], 'msg_forged', new Date(Date.now() + offMs), body) });
};
const mine = deriveProjectKey(NEW, 'veria');

/** Every one of these must be refused, whatever is picked. */
const FORGERIES: Record<string, Forge> = {
  'one bit of the body': ({ body, headers }, pick) => ({ body: flip(body, pick.below(body.length)), headers }),
  'a byte more': ({ body, headers }, pick) => ({ body: `${body}${' '.repeat(1 + pick.below(3))}`, headers }),
  'the body written anew': ({ body, headers }) => ({ body: JSON.stringify(JSON.parse(body), null, 1), headers }),
  // The last character of base64 holds bits that mean nothing, and the text is compared as it stands.
  'one character of the signature': header('webhook-signature', (v, pick) => flip(v, 3 + pick.below(v.length - 3))),
  'a shorter signature': header('webhook-signature', (v, pick) => v.slice(0, pick.below(v.length))),
  'another version': header('webhook-signature', (v) => v.replace('v1,', 'v1a,')),
  'another id': header('webhook-id', (v, pick) => flip(v, 4 + pick.below(v.length - 4))),
  'an id with a dot': header('webhook-id', (v) => `${v}.1`),
  'another second': header('webhook-timestamp', (v, pick) => String(Number(v) + 1 + pick.below(299))),
  'no signature': header('webhook-signature', () => ''),
  "another project's key": key(deriveProjectKey(NEW, 'performia')),
  'the root key itself': key(NEW),
  'a key from before the last rotation': key(deriveProjectKey('the-mesh-key-of-two-rotations-ago', 'veria')),
  'five minutes and a second late': key(mine, -302_000),
  'five minutes and a second early': key(mine, 302_000),
};

it('refuses 10,000 forgeries with one and the same answer, and runs none', async () => {
  let ran = 0;
  const instance = createInstance({
    ...{ project: 'veria', version: '1', meshKey: [NEW, OLD] },
    actions: { 'stock.count': () => ++ran },
  });
  const send = ({ body, headers }: Signed) =>
    instance.handle(new Request('http://p/api/actions', { method: 'POST', headers, body }));
  const pick = random(11);
  const kinds = Object.entries(FORGERIES);
  const taken: string[] = [];
  const texts = new Set<string>();
  for (let i = 0; i < 10_000; i++) {
    const [name, forge] = kinds[i % kinds.length] as (typeof kinds)[number];
    const good: Signed = { body: BODY, headers: signBody([mine], `msg_${i}`, new Date(), BODY) };
    const answer = await send(forge(good, pick));
    if (answer?.status !== 401) taken.push(`${name}: ${answer?.status}`);
    else texts.add(await answer.text());
  }
  expect({ taken, ran, texts: texts.size }).toEqual({ taken: [], ran: 0, texts: 1 });
});

it('takes what either key of a rotation has signed, each id once', async () => {
  const runs: string[] = [];
  const instance = createInstance({
    ...{ project: 'veria', version: '1', meshKey: [NEW, OLD] },
    actions: { 'stock.count': ({ auditId }) => void runs.push(auditId) },
  });
  const audits = new Set<unknown>();
  for (let i = 0; i < 300; i++) {
    const secrets = [[OLD], [NEW], [NEW, OLD]][i % 3] ?? [];
    const headers = signBody(
      secrets.map((root) => deriveProjectKey(root, 'veria')),
      `msg_${i}`,
      new Date(),
      BODY,
    );
    for (let twice = 0; twice < 2; twice++) {
      const answer = await instance.handle(
        new Request('http://p/api/actions', { method: 'POST', headers, body: BODY }),
      );
      expect(answer?.status).toBe(202);
      audits.add(JSON.stringify(await answer?.json()));
    }
  }
  expect(audits.size).toBe(300);
  await expect.poll(() => runs.length).toBe(300);
});
