import { ChannelDeclaration } from '@orrery/protocol';
import { describe, expect, it } from 'vitest';
import { maskChannel } from './mask.ts';

const PEM = '-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----';
const CERT = '-----BEGIN CERTIFICATE-----\npublic\n-----END CERTIFICATE-----';
const SECRET_24 = 'SECRET-of-twenty-four-bytes';

/** Every kind with every secret that it can hold. */
const CHANNELS: Readonly<Record<ChannelDeclaration['kind'], object>> = {
  slack: { url: 'https://hooks.slack.com/services/SECRET' },
  email: { smtpUrl: 'smtp://me:SECRET@mail.example', to: ['ops@example.com'] },
  webhook: { url: 'https://me:SECRET@x.example/?token=SECRET', secret: SECRET_24 },
  alertmanager: {
    url: 'https://me:SECRET@am.example',
    bearer: 'SECRET',
    basicAuth: { username: 'me', password: 'SECRET' },
    tls: { cert: CERT, key: PEM },
  },
  grafana: { url: 'https://me:SECRET@grafana.example', token: 'SECRET' },
  template: {
    url: 'https://chat.example/hooks/SECRET',
    headers: { 'X-Api-Key': 'SECRET', authorization: 'Bearer SECRET' },
    body: '{"routing_key": "SECRET", "text": "{{subject}}"}',
    secret: SECRET_24,
  },
};

describe.each(Object.entries(CHANNELS))('a channel of kind %s', (kind, declaration) => {
  it('is shown without its secrets, in a form that can be declared again', () => {
    const channel = ChannelDeclaration.parse({ name: 'on-call', kind, ...declaration });
    const masked = JSON.stringify(maskChannel(channel));
    expect(JSON.stringify(channel)).toContain('SECRET');
    expect(masked).not.toContain('SECRET"');
    expect(masked.replaceAll(/\$\{ON_CALL_[A-Z_]+\}/g, '')).not.toContain('SECRET');
    expect(masked).toContain('on-call');
  });
});
