import { createHash } from 'node:crypto';

import type { Redis } from 'ioredis';

/** A Lua script and the name Redis knows it by. */
export type RedisScript = { readonly lua: string; readonly sha: string };

/** Names in `keys` and values in `args` reach the script as KEYS and ARGV. */
export type ScriptInput = { readonly keys: readonly string[]; readonly args: readonly (string | number)[] };

/** Prepares a script. All run on Redis 6.0 and later. */
export function defineScript(lua: string): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script in one round trip; only the first time after a start of Redis the text itself is sent. */
export async function runScript(commands: Redis, script: RedisScript, { keys, args }: ScriptInput): Promise<unknown> {
  try {
    return await commands.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.startsWith('NOSCRIPT'))) throw thrown;
    return commands.eval(script.lua, keys.length, ...keys, ...args);
  }
}
