import { systemClock } from '../platform/clock.ts';
import type { OutboundTls } from '../platform/outbound.ts';

/** One HTTP exchange of the command line with its hub. */
export type Exchange = {
  url: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Record<string, string>;
  body?: string;
  /** Whom to trust and what to show, where that is not the system's word. */
  tls?: OutboundTls;
};
export type Answer =
  | { status: number; text: string; headers: Readonly<Record<string, string>> }
  | { unreachable: string };

const MAX_BYTES = 32 * 1024 * 1024;

/** Sends it through the one way out and answers what came back, or why nothing did. `timeoutMs` covers the whole exchange. */
export async function send(exchange: Exchange, timeoutMs = 30_000): Promise<Answer> {
  const { createOutbound, OutboundError } = await import('../platform/outbound.ts');
  // The person at the terminal chose the address; the policy for what a project may name is the hub's.
  const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
  try {
    const { status, headers, body } = await outbound.request({ ...exchange, timeoutMs, maxBytes: MAX_BYTES });
    return { status, headers, text: body.toString('utf8') };
  } catch (error) {
    if (error instanceof OutboundError) return { unreachable: error.message };
    throw error;
  } finally {
    outbound.close();
  }
}
