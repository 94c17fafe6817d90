import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ProbeDeclaration } from '@orrery/protocol';
import { CERTIFICATE, PRIVATE_KEY } from '../../platform/testing.ts';

/** A server of a test: where it is, and what was done to it. */
export type Served = { port: number; opened(): number; open(): number; poured(): number; stop(): void };
export type Kind = ProbeDeclaration['kind'];
/** What the contract needs to know of a kind: how it is declared at a port, with a secret in every place for one, and a target that is well. */
export type Member = {
  declare(port: number, host?: string): Record<string, unknown>;
  healthy(): Promise<Served>;
  transport: 'tcp' | 'udp' | 'none';
  /** How an endless answer begins, that the kind would believe. */
  endless?: string;
  /** Bytes that were made to mislead this kind. */
  traps?: readonly string[];
};

export const SECRET = 'S3CRET';

async function serve(server: Server): Promise<Served> {
  const sockets = new Set<Socket>();
  let opened = 0;
  let poured = 0;
  server.on('connection', (socket: Socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      poured += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => opened,
    open: () => sockets.size,
    poured: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, poured),
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A port that answers each connection in some way. */
export const onTcp = (answer: (socket: Socket) => void): Promise<Served> => serve(createServer(answer));

/** A name server, or what stands in its place, that answers each question in some way. */
export async function onUdp(answer: (question: Buffer) => Buffer | undefined): Promise<Served> {
  const socket = createSocket('udp4');
  let opened = 0;
  socket.on('message', (question, from) => {
    opened += 1;
    const said = answer(question);
    if (said) socket.send(said, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    opened: () => opened,
    open: () => 0,
    poured: () => 0,
    stop: () => socket.close(),
  };
}

const onHttp = (listener: RequestListener): Promise<Served> => serve(createHttpServer(listener));
const json = { 'content-type': 'application/json' };

const nameServer = (question: Buffer): Buffer => {
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(0, 8);
  const end = question.indexOf(0, 12) + 5;
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
  return Buffer.concat([head, question.subarray(12, end), record]);
};

const redisReplies: Readonly<Record<string, string>> = { PING: '+PONG\r\n', AUTH: '+OK\r\n', SELECT: '+OK\r\n' };
const INFO = 'used_memory:1000\r\nconnected_clients:2\r\nkeyspace_hits:9\r\nkeyspace_misses:1\r\nrole:master\r\n';

function speakRedis(socket: Socket): void {
  socket.on('data', (chunk: Buffer) => {
    for (const [, command = ''] of chunk.toString().matchAll(/\*\d+\r\n\$\d+\r\n([A-Z]+)\r\n/g))
      socket.write(redisReplies[command] ?? `$${INFO.length}\r\n${INFO}\r\n`);
  });
}

const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) => Buffer.from([value >> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
/** One message of PostgreSQL's protocol. */
const message = (kind: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body]);
};
const ready = message('Z', 'T');
const rowOf = (name: string, value: string) => [
  message('T', int16(1), `${name}\0`, int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)),
  message('D', int16(1), int32(value.length), value),
  message('C', 'SELECT 1\0'),
];

/** Answers the login, and each query once it is whole. */
function speakPostgres(socket: Socket): void {
  let bytes = Buffer.alloc(0);
  let head = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    // The first message has no letter in front.
    while (bytes.length >= head + 4 && bytes.length >= head + bytes.readUInt32BE(head)) {
      const end = head + bytes.readUInt32BE(head);
      const kind = head === 0 ? 'startup' : String.fromCharCode(bytes[0] ?? 0);
      const figures = bytes.subarray(0, end).includes('pg_stat_activity');
      bytes = bytes.subarray(end);
      head = 1;
      // A password is asked for, so that one travels.
      if (kind === 'startup') socket.write(message('R', int32(3)));
      else if (kind === 'p') socket.write(Buffer.concat([message('R', int32(0)), ready]));
      else if (kind === 'S') socket.write(Buffer.concat([message('1'), message('2'), ...rowOf('x', '1'), ready]));
      else if (kind === 'Q' && figures) socket.write(Buffer.concat([...rowOf('connections', '3'), ready]));
      else if (kind === 'Q') socket.write(Buffer.concat([message('C', 'BEGIN\0'), message('C', 'SET\0'), ready]));
      else if (kind === 'X') socket.end();
    }
  });
}

const containers: RequestListener = (request, response) => {
  if (request.url === '/_ping') return void response.writeHead(200, { 'api-version': '1.43' }).end('OK');
  const State = { Status: 'running', StartedAt: '2026-01-01T00:00:00Z', Health: { Status: 'healthy' } };
  response.writeHead(200, json).end(JSON.stringify({ RestartCount: 1, State }));
};

const web =
  (kind: Kind, path: string, more: object = {}) =>
  (port: number, host = '127.0.0.1') => ({
    kind,
    url: `http://ada:${SECRET}-url@${host}:${port}${path}?token=${SECRET}-query`,
    ...more,
  });
const introduced = {
  headers: { 'x-key': `${SECRET}-header` },
  basicAuth: { username: 'ada', password: `${SECRET}-password` },
};
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n';

/** Every kind of probe; the contract runs on each of them. */
export const MEMBERS: Readonly<Record<Kind, Member>> = {
  http: {
    transport: 'tcp',
    declare: web('http', '/', { ...introduced, method: 'POST', body: `{"pw":"${SECRET}-body"}`, keyword: 'well' }),
    healthy: () => onHttp((_, response) => void response.end('all is well')),
    endless: HEAD,
  },
  instance: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({
      kind: 'instance',
      url: `http://ada:${SECRET}-url@${host}:${port}`,
      metrics: false,
      logs: false,
    }),
    healthy: () => onHttp((_, response) => void response.writeHead(200, json).end('{"status":"healthy"}')),
    endless: HEAD,
  },
  heartbeat: {
    transport: 'none',
    declare: () => ({ kind: 'heartbeat', interval: '1m' }),
    healthy: () => Promise.resolve({ port: 0, opened: () => 0, open: () => 0, poured: () => 0, stop: () => undefined }),
  },
  prometheus: {
    transport: 'tcp',
    declare: web('prometheus', '/metrics', { ...introduced, headers: { 'x-key': `${SECRET}-header` } }),
    healthy: () => onHttp((_, response) => void response.end('a_total{x="y"} 1\nb NaN\nc +Inf\n')),
    endless: 'HTTP/1.1 200 OK\r\n\r\n',
    traps: [`HTTP/1.1 200 OK\r\n\r\na{${'x="'.repeat(50_000)}\n`, `HTTP/1.1 200 OK\r\n\r\n${'{'.repeat(100_000)}`],
  },
  tcp: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({ kind: 'tcp', host, port, send: `AUTH ${SECRET}-send\n`, expect: 'fine' }),
    healthy: () => onTcp((socket) => void socket.once('data', () => socket.write('all is fine'))),
    endless: 'x',
  },
  dns: {
    transport: 'udp',
    declare: (port, host = '127.0.0.1') => ({ kind: 'dns', name: 'a.example', server: `${host}:${port}` }),
    healthy: () => onUdp(nameServer),
  },
  tls: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({ kind: 'tls', host, port, ca: CERTIFICATE }),
    healthy: () => serve(createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY })),
    endless: '\x16\x03\x03',
    traps: ['\x15\x03\x03\x00\x02\x02\x28'],
  },
  postgres: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({
      kind: 'postgres',
      url: `postgres://ada:${SECRET}-url@${host}:${port}/app`,
    }),
    healthy: () => onTcp(speakPostgres),
    endless: `D\x3f\xff\xff\xff`,
    // An error without an end, a message shorter than its head, a row of no columns that it has, a way to log in that nobody knows.
    traps: [
      'E\0\0\0\x04',
      'E\0\0\0\x08SFAT',
      'Z\0\0\0\0',
      'D\0\0\0\x06\x7f\xff',
      'R\0\0\0\x08\0\0\0\x63',
      'T\0\0\0\x06\x7f\xff',
    ],
  },
  redis: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({ kind: 'redis', url: `redis://:${SECRET}-url@${host}:${port}/1` }),
    healthy: () => onTcp(speakRedis),
    endless: '+',
    traps: ['$999999999\r\n', '$-2\r\n', '*1\r\n', '-\r\n', `-${SECRET} tells\r\n`, '+PONG\r\n'],
  },
  docker: {
    transport: 'tcp',
    declare: (port, host = '127.0.0.1') => ({
      kind: 'docker',
      container: 'web',
      url: `http://ada:${SECRET}-url@${host}:${port}`,
    }),
    healthy: () => onHttp(containers),
    endless: HEAD,
    traps: [`${HEAD}{"State":{"Status":5}}`, `${HEAD}{"State":null}`],
  },
  promql: {
    transport: 'tcp',
    declare: web('promql', '', {
      ...introduced,
      queries: [
        { metric: 'a', query: 'up' },
        { metric: 'b', query: 'x' },
      ],
    }),
    healthy: () =>
      onHttp(
        (_, response) =>
          void response
            .writeHead(200, json)
            .end('{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}'),
      ),
    endless: HEAD,
    traps: [
      `${HEAD}{"status":"success","data":{"resultType":"vector","result":5}}`,
      `${HEAD}{"status":"error","errorType":"__proto__","error":"${SECRET}"}`,
    ],
  },
};
