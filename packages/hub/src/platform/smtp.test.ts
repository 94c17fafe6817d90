import { expect, test } from 'vitest';
import { parseSmtpUrl } from './smtp.ts';

test.each([
  ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, secure: false }],
  ['smtps://mail.example.com', { host: 'mail.example.com', port: 465, secure: true }],
  ['smtp://mail.example.com:465', { host: 'mail.example.com', port: 465, secure: true }],
  ['smtp://[2001:db8::1]:25', { host: '2001:db8::1', port: 25, secure: false }],
  [
    'smtp://ada%40example.com:p%2Fw@mail.example.com:2525?requireTLS=true&tls.rejectUnauthorized=false&name=hub',
    {
      host: 'mail.example.com',
      port: 2525,
      secure: false,
      auth: { user: 'ada@example.com', pass: 'p/w' },
      requireTLS: true,
      name: 'hub',
      tls: { rejectUnauthorized: false },
    },
  ],
])('%s is read', (url, server) => {
  expect(parseSmtpUrl(url)).toEqual(server);
});

test.each([
  'smtp://mail.example.com?proxy=http://169.254.169.254/',
  'smtp://mail.example.com?sendmail=true&path=/bin/sh',
  'smtp://mail.example.com?jsonTransport=true',
  'smtp://mail.example.com?host=169.254.169.254',
  'smtp://mail.example.com?__proto__=x',
  'smtp://mail.example.com?constructor=x',
  'smtp://%zz@mail.example.com',
  'smtp://',
  'direct://mail.example.com',
  'file:///etc/passwd',
  'unix:/run/sendmail',
  'mail.example.com',
])('%s is refused', (url) => {
  expect(() => parseSmtpUrl(url)).toThrow(expect.objectContaining({ name: 'OutboundError', kind: 'protocol' }));
});
