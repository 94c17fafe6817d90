import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { FAULTS, type FaultSwitch, isFault } from './faults.ts';

/** The loopback-only server behind `fault.ts`: `POST /__fault {"fault": "slow"}` with `authorization: Bearer <token>`. */
export function createControl(faults: FaultSwitch, token: string): Server {
  return createServer(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url !== '/__fault') return answer(404, { error: 'not found' });
    if (!holds(request, token)) return answer(401, { error: 'the token of this product is needed' });
    if (request.method === 'GET') return answer(200, { fault: faults.current });
    if (request.method !== 'POST') return answer(405, { error: 'GET or POST' });
    const fault = await readFault(request);
    if (!isFault(fault)) return answer(400, { error: `fault must be one of ${FAULTS.join(', ')}` });
    await faults.set(fault);
    return answer(200, { fault });
  });
}

function holds(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readFault(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 1024) return undefined;
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'fault' in body ? body.fault : undefined;
  } catch {
    return undefined;
  }
}
