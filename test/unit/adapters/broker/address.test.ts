import { describe, expect, it } from 'vitest';

import { isPublicAddress } from '../../../../adapters/broker/address.ts';
import { redactSecrets } from '../../../../adapters/broker/redact.ts';

describe('an address', () => {
  it.each(['93.184.215.14', '1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '100.128.0.1', '11.0.0.1'])(
    'such as %s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  it.each(['2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '2001:4860:4860::8888'])(
    'such as %s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    ['unspecified', '0.0.0.0', '0.1.2.3', '::'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
    ['link-local', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1'],
    ['metadata', '169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192'],
    ['shared by carriers', '100.64.0.1', '100.127.255.255'],
    ['multicast or broadcast', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
    ['IPv4 in IPv6', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:0:8.8.8.8', '::127.0.0.1', '::8.8.8.8'],
    ['NAT64', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
    ['6to4 or Teredo', '2002:7f00:1::', '2002:808:808::1', '2001::1', '2001:0:53aa:64c::1'],
    [
      'documentation or benchmarks',
      '192.0.2.1',
      '198.51.100.1',
      '203.0.113.1',
      '198.18.0.1',
      '198.19.255.255',
      '2001:db8::1',
    ],
    ['reserved', '240.0.0.1', '192.0.0.1', '192.88.99.1', '100::1', '5f00::1', '3fff::1', '4000::1', 'e000::1'],
    ['none at all', '', 'localhost', '127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '1.1.1.1.', '1.1.1.1\u0000'],
  ])('that is %s is not public', (_what, ...addresses) => {
    for (const address of addresses) expect(isPublicAddress(address), address).toBe(false);
  });
});

describe('taking secrets out', () => {
  const secret = 'Bearer s3cr3t/+"key"';
  it.each([
    secret,
    's3cr3t/+"key"',
    Buffer.from(secret).toString('base64'),
    Buffer.from('s3cr3t/+"key"').toString('base64'),
    Buffer.from('s3cr3t/+"key"').toString('hex'),
    encodeURIComponent('s3cr3t/+"key"'),
    JSON.stringify({ said: 's3cr3t/+"key"' }),
    '"yek"+/t3rc3s',
  ])('finds %s', (text) => {
    const clean = redactSecrets(Buffer.from(`a ${text} b`), [secret]).toString();
    expect(clean).toContain('[secret]');
    expect(clean).not.toMatch(/s3cr3t|t3rc3s/);
  });

  it('leaves other bytes as they are', () => {
    const bytes = Buffer.from([0, 255, 128, 10, 195, 40]);
    expect(redactSecrets(bytes, [secret])).toEqual(bytes);
    expect(redactSecrets(Buffer.from('grüße'), [secret]).toString()).toBe('grüße');
    expect(redactSecrets(Buffer.from('nothing'), []).toString()).toBe('nothing');
  });
});
