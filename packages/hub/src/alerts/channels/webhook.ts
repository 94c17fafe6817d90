import { signBody } from '@orrery/protocol/signing';
import type { ChannelFamily } from './channel.ts';
import { post } from './http.ts';
import { maskHook } from './mask.ts';

/** The notification as JSON, signed by Standard Webhooks when the channel has a secret. */
export const webhook: ChannelFamily<'webhook'> = {
  target: ({ url }) => maskHook(url),
  send: ({ url, secret }, { id, body, possibleRepeat }, context) => {
    const at = new Date(context.now);
    const unsigned = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(context.now / 1000)) };
    return post(context, {
      url,
      headers: {
        ...(secret === undefined ? unsigned : signBody([secret], id, at, body)),
        ...(possibleRepeat ? { 'orrery-possible-repeat': 'true' } : {}),
      },
      body,
    });
  },
};
