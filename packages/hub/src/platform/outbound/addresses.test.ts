import { describe, expect, test } from 'vitest';
import { classifyAddress } from './addresses.ts';

describe('an address', () => {
  test.each([
    ['metadata service', '169.254.169.254'],
    ['metadata service, mapped into IPv6', '::ffff:169.254.169.254'],
    ['metadata service, mapped and in hex', '::ffff:a9fe:a9fe'],
    ['metadata service, compatible form', '::169.254.169.254'],
    ['metadata service behind NAT64', '64:ff9b::a9fe:a9fe'],
    ['metadata service behind 6to4', '2002:a9fe:a9fe::1'],
    ['metadata service behind SIIT', '::ffff:0:169.254.169.254'],
    ['link-local IPv6', 'fe80::1'],
    ['link-local IPv6 with a zone', 'fe80::1%eth0'],
    ['metadata service of EC2 over IPv6', 'fd00:ec2::254'],
    ['the same written in full', 'fd00:0ec2:0000:0000:0000:0000:0000:0254'],
    ['metadata service of Alibaba', '100.100.100.200'],
    ['wire server of Azure', '168.63.129.16'],
    ['text that is no address', 'localhost'],
    ['nothing', ''],
  ])('%s (%s) is never reached', (_what, address) => {
    expect(classifyAddress(address)).toBe('never');
  });

  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '2002:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2001:0:7f00:1::',
  ])('%s is private', (address) => {
    expect(classifyAddress(address)).toBe('private');
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '11.0.0.1',
    '2606:4700:4700::1111',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
  ])('%s is public', (address) => {
    expect(classifyAddress(address)).toBe('public');
  });
});
