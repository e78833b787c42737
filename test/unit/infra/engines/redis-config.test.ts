import { describe, expect, it } from 'vitest';

import { parseConfig } from '../../../../domain/config/parse.ts';
import { redisConfig } from '../../../../infra/engines/redis.ts';

describe('configuration of Redis', () => {
  it('keeps every acknowledged write but for the last second, evicts nothing and opens no port', () => {
    const lines = redisConfig(parseConfig({ TALOS_HOME: '/srv/talos', REDIS_MAX_MEMORY: '64mb' })).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'port 0',
        'unixsocket "/srv/talos/run/redis.sock"',
        'unixsocketperm 700',
        'appendonly yes',
        'appendfsync everysec',
        'save ""',
        'maxmemory 67108864',
        'maxmemory-policy noeviction',
      ]),
    );
  });

  it('cannot be broken out of by the name of the home', () => {
    const plain = parseConfig({});
    const config = redisConfig({ ...plain, home: { ...plain.home, dir: '/srv/a"b\\c' } });
    expect(config).toContain(String.raw`dir "/srv/a\"b\\c/data/redis"`);
  });
});
