import { defineScript } from '../redis-script.ts';

/**
 * KEYS: tokens, message, wake-ups. ARGV: event, most entries, seconds the stream stays.
 * A message that has ended takes no more events: \`done\` stays the last one.
 */
export const appendTokenScript = defineScript(`
local state = redis.call('HGET', KEYS[2], 'state')
if state and state ~= 'pending' then return 0 end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'event', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[3], KEYS[1])
return 1`);

/** KEYS: tokens, message. ARGV: last id, most entries. When nothing is left, the \`done\` event of a message that has ended. */
export const readTokensScript = defineScript(`
local reply = redis.call('XREAD', 'COUNT', ARGV[2], 'STREAMS', KEYS[1], ARGV[1])
if reply then return { reply[1][2], false } end
return { {}, redis.call('HGET', KEYS[2], 'done') }`);
