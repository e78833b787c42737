import { describe, expect, test } from 'vitest';

import { isLoopbackAddress } from '../../../api/origin.ts';

describe('an address', () => {
  test.each(['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    'of this machine alone is told as such: %s',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(true);
    },
  );

  test.each(['0.0.0.0', '::', '128.0.0.1', '192.168.1.2', '::ffff:192.168.1.2', '::2', 'fe80::1'])(
    'others reach is told as such: %s',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(false);
    },
  );
});
