import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { chatBody, chatEvents, messageBody, messageEvents, type Reply } from './provider.ts';

type Wire = {
  json: string;
  /** The stream: its head without content, the content, its end. */
  events: string[];
  headEvents: number;
  error: string;
};
const WORDS = ['Half ', 'of ', 'an ', 'answer'];
const CHAT: Wire = {
  json: JSON.stringify(chatBody(WORDS.join(''))),
  events: chatEvents(WORDS),
  headEvents: 1,
  error: `data: ${JSON.stringify({ error: { message: 'boom', type: 'server_error', code: null } })}\n\n`,
};
const MESSAGES: Wire = {
  json: JSON.stringify(messageBody(WORDS.join(''))),
  events: messageEvents(WORDS),
  headEvents: 2,
  error: `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'boom' } })}\n\n`,
};

type Broken = (outgoing: ServerResponse, wire: Wire, stream: boolean, socket: Socket) => unknown;

const json = { 'content-type': 'application/json' };
const sse = { 'content-type': 'text/event-stream' };
const status =
  (code: number, headers: Record<string, string> = {}): Broken =>
  (outgoing) => {
    outgoing.writeHead(code, { ...json, ...headers });
    outgoing.end(JSON.stringify({ error: { message: `fault ${code}`, type: 'x' } }));
  };
/** Writes the beginning of an answer whose content has begun, and hands over what to do then. */
const begun =
  (then: Broken): Broken =>
  (outgoing, wire, stream, socket) => {
    outgoing.writeHead(200, stream ? sse : { ...json, 'content-length': String(wire.json.length) });
    const part = stream ? wire.events.slice(0, wire.headEvents + 2).join('') : wire.json.slice(0, 40);
    outgoing.write(part, () => setTimeout(() => then(outgoing, wire, stream, socket), 20));
  };
const whole =
  (type: string, body: string): Broken =>
  (outgoing) => {
    outgoing.writeHead(200, { 'content-type': type });
    outgoing.end(body);
  };
/** Of a stream: ends before any content, in the way that is given. */
const early =
  (then: (outgoing: ServerResponse, wire: Wire, socket: Socket) => unknown): Broken =>
  (outgoing, wire, stream, socket) => {
    if (!stream) return then(outgoing, wire, socket);
    outgoing.writeHead(200, sse);
    outgoing.write(wire.events.slice(0, wire.headEvents).join(''), () => then(outgoing, wire, socket));
  };

/** What the caller must see: this provider's own answer, an answer of the next provider, an error event after some content, or the error itself. */
export type Expected = 'recovers' | 'cut' | 'refused' | 'whole';
/** An answer of a megabyte begins with it. */
export const LONG = 'x'.repeat(1 << 20);
export type ProviderFault = { name: string; json: Expected; stream: Expected; broken?: Broken };

/** Every fault, by what a healthy hub makes of it. Those without `broken` are not of HTTP: refused, no such name, no TLS. */
export const PROVIDER_FAULTS: readonly ProviderFault[] = [
  { name: 'refused', json: 'recovers', stream: 'recovers' },
  { name: 'no-such-name', json: 'recovers', stream: 'recovers' },
  { name: 'no-tls', json: 'recovers', stream: 'recovers' },
  { name: 'hang-before-headers', json: 'recovers', stream: 'recovers', broken: () => undefined },
  { name: 'hang-before-content', json: 'recovers', stream: 'recovers', broken: early(() => undefined) },
  { name: 'hang-in-content', json: 'recovers', stream: 'cut', broken: begun(() => undefined) },
  {
    name: 'reset-before-headers',
    json: 'recovers',
    stream: 'recovers',
    broken: (_o, _w, _s, socket) => socket.resetAndDestroy(),
  },
  {
    name: 'reset-in-content',
    json: 'recovers',
    stream: 'cut',
    broken: begun((_o, _w, _s, socket) => socket.resetAndDestroy()),
  },
  {
    name: 'clean-cut',
    json: 'recovers',
    stream: 'cut',
    broken: begun((outgoing, _w, stream) => (stream ? outgoing.end() : outgoing.destroy())),
  },
  {
    name: 'cut-in-an-event',
    json: 'recovers',
    stream: 'cut',
    broken: begun((outgoing, wire, stream) =>
      stream ? outgoing.end(wire.events[wire.headEvents + 2]?.slice(0, 30)) : outgoing.destroy(),
    ),
  },
  {
    name: 'empty-stream',
    json: 'recovers',
    stream: 'recovers',
    broken: (outgoing, _w, stream) => outgoing.writeHead(200, stream ? sse : json).end(),
  },
  {
    name: 'error-first',
    json: 'recovers',
    stream: 'recovers',
    broken: early((outgoing, wire) =>
      outgoing.headersSent
        ? outgoing.end(wire.error)
        : whole('application/json', '{"error":{"message":"boom"}}')(outgoing, wire, false, outgoing.socket as Socket),
    ),
  },
  {
    name: 'error-in-content',
    json: 'recovers',
    stream: 'cut',
    broken: begun((outgoing, wire, stream) => (stream ? outgoing.end(wire.error) : outgoing.destroy())),
  },
  {
    name: '200-html',
    json: 'recovers',
    stream: 'recovers',
    broken: whole('text/html', '<html><h1>Bad gateway</h1></html>'),
  },
  { name: '200-empty', json: 'recovers', stream: 'recovers', broken: whole('application/json', '') },
  {
    name: '200-invalid-json',
    json: 'recovers',
    stream: 'recovers',
    broken: whole('application/json', '{"id": "x", "choices": ['),
  },
  {
    name: '200-wrong-shape',
    json: 'recovers',
    stream: 'recovers',
    broken: whole('application/json', '{"hello": "world"}'),
  },
  {
    name: 'wrong-charset',
    json: 'recovers',
    stream: 'recovers',
    broken: early((outgoing, wire) => {
      if (outgoing.headersSent)
        return outgoing.end(Buffer.from((wire.events[wire.headEvents] ?? '').replace('Half', 'é'), 'latin1'));
      outgoing.writeHead(200, { 'content-type': 'application/json; charset=iso-8859-1' });
      outgoing.end(Buffer.from(wire.json.replace('Half', 'é'), 'latin1'));
    }),
  },
  {
    name: '1-mb-answer',
    json: 'whole',
    stream: 'whole',
    broken(outgoing, wire, stream) {
      outgoing.writeHead(200, stream ? sse : json);
      const big = (text: string | undefined) => (text ?? '').replace('Half ', LONG);
      outgoing.end(stream ? wire.events.map(big).join('') : big(wire.json));
    },
  },
  { name: '400', json: 'refused', stream: 'refused', broken: status(400) },
  {
    name: '400-cut',
    json: 'refused',
    stream: 'refused',
    broken(outgoing) {
      outgoing.writeHead(400, { ...json, 'content-length': '100' });
      outgoing.write('{"error":', () => setTimeout(() => outgoing.destroy(), 20));
    },
  },
  { name: '401', json: 'recovers', stream: 'recovers', broken: status(401) },
  { name: '402', json: 'recovers', stream: 'recovers', broken: status(402) },
  { name: '403', json: 'recovers', stream: 'recovers', broken: status(403) },
  { name: '408', json: 'recovers', stream: 'recovers', broken: status(408) },
  { name: '429', json: 'recovers', stream: 'recovers', broken: status(429) },
  { name: '429-retry-after', json: 'recovers', stream: 'recovers', broken: status(429, { 'retry-after': '2' }) },
  { name: '500', json: 'recovers', stream: 'recovers', broken: status(500) },
  { name: '503', json: 'recovers', stream: 'recovers', broken: status(503) },
  { name: '529', json: 'recovers', stream: 'recovers', broken: status(529) },
  {
    name: 'slow-drip',
    json: 'recovers',
    stream: 'recovers',
    broken(outgoing, _wire, stream) {
      outgoing.writeHead(200, stream ? sse : json);
      const timer = setInterval(() => outgoing.write(stream ? ': waiting\n\n' : ' '), 50);
      outgoing.once('close', () => clearInterval(timer));
    },
  },
];

/** Answers by the first part of the path, which names the fault. */
export const brokenReply: Reply = (outgoing, { path, body }, socket) => {
  const fault = PROVIDER_FAULTS.find(({ name }) => name === path.split('/')[1]);
  fault?.broken?.(outgoing, path.endsWith('/messages') ? MESSAGES : CHAT, body.stream === true, socket);
};
