import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { FAULTS, type FaultSwitch, isFault } from './faults.ts';

type Asked = { fault?: unknown; noisy?: unknown; event?: { type?: unknown; data?: unknown } };

/**
 * The loopback-only server behind `fault.ts`: `POST /__fault {"fault": "slow"}` with `authorization: Bearer <token>`. An `event` beside it is
 * sent first, as the change that brought the fault; `noisy` switches the small troubles of an ordinary day on and off.
 */
export function createControl(
  faults: FaultSwitch,
  token: string,
  emit: (type: string, data: unknown) => unknown,
): Server {
  return createServer(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url !== '/__fault') return answer(404, { error: 'not found' });
    if (!holds(request, token)) return answer(401, { error: 'the token of this product is needed' });
    if (request.method === 'GET') return answer(200, { fault: faults.current });
    if (request.method !== 'POST') return answer(405, { error: 'GET or POST' });
    const { fault = faults.current, noisy = faults.noisy, event } = await readBody(request);
    if (!isFault(fault)) return answer(400, { error: `fault must be one of ${FAULTS.join(', ')}` });
    if (typeof event?.type === 'string') emit(event.type, event.data);
    faults.noisy = noisy === true;
    if (fault !== faults.current) await faults.set(fault);
    return answer(200, { fault, noisy: faults.noisy });
  });
}

function holds(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readBody(request: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 4096) return { fault: '' };
  }
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : { fault: '' };
  } catch {
    return { fault: '' };
  }
}
