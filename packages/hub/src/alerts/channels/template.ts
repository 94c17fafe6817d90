import { signBody } from '@orrery/protocol/signing';
import type { ChannelFamily, Outgoing, SendContext } from './channel.ts';
import { deliveryHeaders, post } from './http.ts';
import { maskHook } from './mask.ts';
import { compileTemplate } from './placeholders.ts';
import { templateValues } from './values.ts';

/** Any JSON that a receiver wants, written as a template. */
export const template: ChannelFamily<'template'> = {
  target: ({ url }) => maskHook(url),
  send({ url, method, headers, body: written, secret }, outgoing, context) {
    const compiled = compileTemplate(written);
    // Checked when the configuration was loaded.
    if ('problem' in compiled)
      return Promise.resolve({ kind: 'refused', detail: `the template is wrong: ${compiled.problem}` });
    const body = compiled.render(templateValues(outgoing, context));
    return post(context, {
      url,
      method,
      headers: { ...deliveryHeaders(outgoing), ...headers, ...signature(secret, outgoing, context, body) },
      body,
    });
  },
};

const signature = (secret: string | undefined, { id }: Outgoing, { now }: SendContext, body: string) =>
  secret === undefined ? {} : signBody([secret], id, new Date(now), body);
