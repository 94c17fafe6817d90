import { inspect } from '@orrery/sdk/attacks';
import { ATTACKS } from '../packages/sdk/test/attacks/attacks.fixture.ts';
import { BENIGN } from '../packages/sdk/test/attacks/benign.fixture.ts';
import { ENCODINGS } from '../packages/sdk/test/attacks/encodings.fixture.ts';
import { figure, quantile } from './tools/report.ts';

/**
 * What it costs to look through one request for attacks, in CPU time, and what is found: beside a set of regular expressions as a product
 * writes them into a middleware (decode once, test each). The requests are those of a shop: a page, a search, an API call with a JSON body
 * and cookies, a form; the headers are a browser's.
 */
const ROUNDS = 15;
const TIMES = 4000;

const HEADERS: Readonly<Record<string, string>> = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
  referer: 'https://shop.example/search?q=blue%20shoes%20%26%20socks&sort=-price&page=2',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  origin: 'https://shop.example',
  'x-forwarded-for': '203.0.113.7, 10.0.0.2',
  cookie: `session=${'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9'.repeat(4)}; theme=dark; consent={"ads":false}; _ga=GA1.2.1234567890.1700000000`,
};
const header = (name: string) => HEADERS[name];
const REQUESTS = [
  { target: '/products/blue-shoes-42', header },
  {
    target:
      "/search?q=o'brien%20%26%20sons%20%3C%20100%20%28new%29&sort=-price&page=2&facets=size%3A42%2Ccolour%3Ablue",
    header,
  },
  {
    target:
      '/api/orders?expand=items%2Ccustomer&filter=%7B%22status%22%3A%22open%22%2C%22total%22%3A%7B%22gt%22%3A100%7D%7D',
    header,
    body: {
      customer: {
        name: "Ann O'Hara",
        email: 'ann@example.com',
        notes: 'Please ring twice; the bell (left) is broken.',
      },
      items: Array.from({ length: 8 }, (_, n) => ({
        sku: `SHOE-${n}`,
        quantity: n + 1,
        options: { size: '42', gift: false },
      })),
    },
  },
  { target: '/login', header, body: { email: 'ann@example.com', password: 'P@$$w0rd!"§%&/()=?', remember: true } },
];

const NAIVE = [
  /(\b(select|union|insert|update|delete|drop|alter|create|exec|execute)\b.*\b(from|into|table|where|set|select|all)\b)/i,
  /('|%27)\s*(or|and)\s*('|\d|%27)/i,
  /(--|#|\/\*).*$/,
  /\b(or|and)\b\s+\d+\s*=\s*\d+/i,
  /<\s*script[^>]*>/i,
  /javascript\s*:/i,
  /\bon\w+\s*=/i,
  /<\s*(iframe|object|embed|svg|img)[^>]*>/i,
  /(\.\.[/\\])+/,
  /\/etc\/passwd|win\.ini|boot\.ini/i,
  /[;|&`]\s*(cat|ls|id|whoami|wget|curl|nc|bash|sh)\b/i,
  /\$\{jndi:/i,
  /\{\{.*\}\}/,
  /%0d%0a|\r\n/i,
];

function textsOf(value: unknown, into: string[]): string[] {
  if (typeof value === 'string') into.push(value);
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) textsOf(one, into);
  return into;
}

/** Decodes once, tests everything. */
function naive(request: { target: string; header?: (name: string) => string | undefined; body?: unknown }): boolean {
  const url = new URL(request.target, 'http://x');
  const texts = [url.pathname, ...url.searchParams.values(), ...textsOf(request.body, [])];
  for (const name of Object.keys(HEADERS)) texts.push(request.header?.(name) ?? '');
  return texts.some((text) => NAIVE.some((pattern) => pattern.test(text)));
}

/** Microseconds of CPU time for one request, the median of the rounds. */
function cost(look: (request: (typeof REQUESTS)[number]) => unknown, requests: typeof REQUESTS): number {
  const each: number[] = [];
  for (let round = 0; round < ROUNDS + 2; round++) {
    const before = process.cpuUsage();
    for (let n = 0; n < TIMES; n++) for (const request of requests) look(request);
    const { user, system } = process.cpuUsage(before);
    // The first rounds warm up.
    if (round >= 2) each.push((user + system) / (TIMES * requests.length));
  }
  return quantile(each, 0.5);
}

const bar = { atMost: 30 } as const;
const peerName = `${NAIVE.length} regular expressions`;
figure({
  what: 'looking through one request for attacks, CPU time',
  unit: 'µs',
  ours: cost(inspect, REQUESTS),
  peer: { name: peerName, value: cost(naive, REQUESTS) },
  bar,
  note: `four requests of a shop with a browser's headers and cookies, two of them with a JSON body; medians of ${ROUNDS} rounds`,
});
const attacks = Object.values(ATTACKS)
  .flat()
  .map((payload) => ({ target: `/search?q=${encodeURIComponent(encodeURIComponent(payload))}`, header }));
figure({
  what: 'looking through one request that is an attack, CPU time',
  unit: 'µs',
  ours: cost(inspect, attacks.slice(0, 16) as typeof REQUESTS),
  peer: { name: peerName, value: cost(naive, attacks.slice(0, 16) as typeof REQUESTS) },
  bar,
  note: 'SQL injections, encoded twice',
});

const encoded = Object.values(ENCODINGS).flatMap((encode) =>
  Object.values(ATTACKS).flatMap((list) => list.map((payload) => ({ target: `/search?q=${encode(payload)}` }))),
);
const share = (found: number, all: number) => (100 * found) / all;
const bare = (look: (request: { target: string }) => boolean) => {
  const safely = (request: { target: string }) => {
    try {
      return look(request);
    } catch {
      // A malformed escape ends the plain decoder: the request is not looked at.
      return false;
    }
  };
  return encoded.filter(safely).length;
};
figure({
  what: 'attacks found in eleven encodings',
  unit: '%',
  ours: share(
    bare((request) => inspect(request).length > 0),
    encoded.length,
  ),
  peer: { name: peerName, value: share(bare(naive), encoded.length) },
  bar: { atLeast: 99 },
  note: `${encoded.length} requests of the suite's own corpus`,
});
const honest = BENIGN.map((text) => ({ target: `/search?q=${encodeURIComponent(text)}`, body: { text } }));
figure({
  what: 'honest requests that are left alone',
  unit: '%',
  ours: share(honest.filter((request) => inspect(request).length === 0).length, honest.length),
  peer: { name: peerName, value: share(honest.filter((request) => !naive(request)).length, honest.length) },
  bar: { atLeast: 100 },
  note: `${honest.length} texts that look like attacks`,
});
