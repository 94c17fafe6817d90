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
    ["metadata service in a NAT64 prefix of one's own", '64:ff9b:1::a9fe:a9fe'],
    ['the same behind a prefix of 48 bits', '64:ff9b:1:a9fe:a9:fe00::'],
    ['the same behind a prefix of 56 bits', '64:ff9b:1:00a9:fe:a9fe::'],
    ['the same behind a prefix of 64 bits', '64:ff9b:1:0:a9:fea9:fe00:0'],
    ['metadata service as a Teredo client', '2001:0:4136:e378:8000:63bf:5601:5601'],
    ['metadata service as a Teredo server', '2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2'],
    ['metadata service behind ISATAP', '2606:4700::5efe:a9fe:a9fe'],
    ['metadata service of Alibaba, mapped', '::ffff:100.100.100.200'],
    ['pod identity of EC2', 'fd00:ec2::23'],
    ['metadata service of Google over IPv6', 'fd20:ce::254'],
    ['metadata service of Scaleway over IPv6', 'fd00:42::42'],
    ['metadata service of Oracle over IPv6', 'fd00:c1::a9fe:a9fe'],
    ['credentials of ECS', '169.254.170.2'],
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
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '64:ff9b:1::808:808',
    '2606:4700::5efe:7f00:1',
    '2606:4700::200:5efe:10.0.0.1',
    '::ffff:0:10.0.0.1',
    '2001:db8::5efe:8.8.8.8',
    '100::1',
    '3fff::1',
    '5f00::1',
    '203.0.113.9',
    '192.88.99.1',
    '240.0.0.1',
    '100.127.255.254',
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
    '2002:808:808::1',
    '2606:4700::5efe:8.8.8.8',
    '169.253.255.255',
    '169.255.0.0',
    '2620:4f:8000::1',
  ])('%s is public', (address) => {
    expect(classifyAddress(address)).toBe('public');
  });
});
