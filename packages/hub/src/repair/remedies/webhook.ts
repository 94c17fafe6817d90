import { parseDuration, type WebhookRemedy } from '@orrery/protocol';
import { signBody } from '@orrery/protocol/signing';
import type { z } from 'zod';
import type { Remedy } from './remedy.ts';

/** Calls an address with what is to be repaired. */
export const webhook: Remedy<z.output<typeof WebhookRemedy>> = {
  // A path may be a secret by itself.
  describe: ({ url }) => `call ${new URL(url).host}`,

  async act({ url, secret, timeout }, { outbound, clock, signal, project, service, attemptId }) {
    const at = new Date(clock.now());
    const body = JSON.stringify({ type: 'heal.requested', at: at.toISOString(), attemptId, project, service });
    const signed = secret === undefined ? { 'webhook-id': attemptId } : signBody([secret], attemptId, at, body);
    const { status } = await outbound.request({
      url,
      method: 'POST',
      headers: { ...signed, 'content-type': 'application/json' },
      body,
      timeoutMs: parseDuration(timeout) ?? 0,
      maxBytes: 64 * 1024,
      oversize: 'truncate',
      signal,
    });
    return { done: status >= 200 && status < 300, detail: `it answered HTTP ${status}` };
  },
};
