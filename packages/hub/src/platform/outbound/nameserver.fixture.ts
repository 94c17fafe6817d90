import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, CAA: 257 } as const;
type Type = keyof typeof TYPES;
/** One record as a zone file has it; of another name than the one that was asked for when `of` says so. */
export type ZoneRecord = { type: Type; value: string; of?: string; ttl?: number };
/** Text alone is the value of an A record. */
export type Reply = readonly (string | ZoneRecord)[] | 'nxdomain' | 'servfail' | 'refused' | 'silence';

const CODE = { nxdomain: 3, servfail: 2, refused: 5 } as const;
const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number) => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
const nameBytes = (name: string) =>
  Buffer.concat([
    ...name
      .split('.')
      .filter(Boolean)
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);

function dataBytes({ type, value }: ZoneRecord): Buffer {
  const words = value.split(' ');
  const word = (i: number) => words[i] ?? '';
  switch (type) {
    case 'A':
      return Buffer.from(value.split('.').map(Number));
    case 'AAAA': {
      const [head = '', tail] = value.split('::');
      const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
      const [left, right] = [groups(head), groups(tail ?? '')];
      return Buffer.concat([...left, ...new Array(8 - left.length - right.length).fill(0), ...right].map(u16));
    }
    case 'MX':
      return Buffer.concat([u16(Number(word(0))), nameBytes(word(1))]);
    case 'TXT':
      return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
    case 'SRV':
      return Buffer.concat([...[0, 1, 2].map((i) => u16(Number(word(i)))), nameBytes(word(3))]);
    case 'CAA':
      return Buffer.concat([
        Buffer.from([Number(word(0)), word(1).length]),
        Buffer.from(word(1) + words.slice(2).join(' '), 'latin1'),
      ]);
    case 'SOA':
      return Buffer.concat([
        nameBytes(word(0)),
        nameBytes(word(1)),
        ...[2, 3, 4, 5, 6].map((i) => u32(Number(word(i)))),
      ]);
    default:
      return nameBytes(value);
  }
}

function questionOf(message: Buffer): { name: string; type: Type | undefined; bytes: Buffer } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const number = message.readUInt16BE(at + 1);
  const type = (Object.keys(TYPES) as Type[]).find((name) => TYPES[name] === number);
  return { name: labels.join('.'), type, bytes: message.subarray(12, at + 5) };
}

/** A real name server on loopback, over UDP, that answers as it is told. For tests only. */
export async function nameServer(
  reply: (name: string, type: Type | undefined) => Reply,
  finish: (step: () => void) => void,
) {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const { name, type, bytes } = questionOf(message);
    asked.push(`${type} ${name}`);
    const told = reply(name, type);
    if (told === 'silence') return;
    const all = typeof told === 'string' ? [] : told;
    const records = all
      .map((one): ZoneRecord => (typeof one === 'string' ? { type: isIPv4(one) ? 'A' : 'AAAA', value: one } : one))
      .filter((record) => record.type === type || record.type === 'CNAME');
    const header = Buffer.concat([
      message.subarray(0, 2),
      u16(0x8180 | (typeof told === 'string' ? CODE[told] : 0)),
      u16(1),
      u16(records.length),
      u32(0),
    ]);
    const answers = records.map((record) => {
      const data = dataBytes(record);
      const head = [nameBytes(record.of ?? name), u16(TYPES[record.type]), u16(1), u32(record.ttl ?? 1)];
      return Buffer.concat([...head, u16(data.length), data]);
    });
    socket.send(Buffer.concat([header, bytes, ...answers]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  finish(() => socket.close());
  return { server: `127.0.0.1:${socket.address().port}`, asked };
}
