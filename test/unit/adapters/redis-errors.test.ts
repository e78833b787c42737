import { describe, expect, it } from 'vitest';

import { toStoreError } from '../../../adapters/redis-errors.ts';
import { TalosError } from '../../../domain/errors.ts';

const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

describe('errors of Redis', () => {
  it.each([
    [reply("OOM command not allowed when used memory > 'maxmemory'."), 'STORE_FULL'],
    [
      reply(
        "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed when used memory > 'maxmemory'.",
      ),
      'STORE_FULL',
    ],
    [reply('MISCONF Errors writing to the AOF file: No space left on device'), 'STORE_FULL'],
    [reply('LOADING Redis is loading the dataset in memory'), 'STORE_UNAVAILABLE'],
    [reply('BUSY Redis is busy running a script.'), 'STORE_UNAVAILABLE'],
    [reply("READONLY You can't write against a read only replica."), 'STORE_UNAVAILABLE'],
    [reply('NOAUTH Authentication required.'), 'STORE_UNAVAILABLE'],
    [reply('WRONGTYPE Operation against a key holding the wrong kind of value'), 'INTERNAL'],
    [reply("ERR unknown command 'XADDD'"), 'INTERNAL'],
    [new Error('connect ECONNREFUSED 127.0.0.1:6379'), 'STORE_UNAVAILABLE'],
    [new Error('Command timed out'), 'STORE_UNAVAILABLE'],
    ['a string', 'STORE_UNAVAILABLE'],
  ])('%s is %s', (thrown, code) => {
    expect(toStoreError(thrown)).toMatchObject({ code, cause: thrown });
  });

  it('leaves our own errors as they are', () => {
    const error = new TalosError('VALIDATION_FAILED', 'no');
    expect(toStoreError(error)).toBe(error);
  });
});
