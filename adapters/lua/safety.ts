import { defineScript } from '../redis-script.ts';

// The first write of these is one Redis never refuses: what keeps Talos safe must work when Redis is full.

/** KEYS: lockdown. ARGV: the lockdown as JSON. Keeps and returns the first. */
export const lockScript = defineScript(`
redis.call('PERSIST', KEYS[1])
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])`);

/** KEYS: lockdown. ARGV: the lockdown as JSON. Removes it if it is that one. */
export const unlockIfScript = defineScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** KEYS: hits (each `<time>:<message key>`), hold. ARGV: time, hits that make a hold, window in ms, end of the hold, its length in ms, message key. */
export const recordHitScript = defineScript(`
for _, hit in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.match(hit, ':(.*)$') == ARGV[6] then return 0 end
end
redis.call('LTRIM', KEYS[1], 1 - ARGV[2], -1)
redis.call('RPUSH', KEYS[1], ARGV[1] .. ':' .. ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local hits = redis.call('LRANGE', KEYS[1], 0, -1)
if #hits < tonumber(ARGV[2]) then return 0 end
local first, last = tonumber(ARGV[1]), tonumber(ARGV[1])
for _, hit in ipairs(hits) do
  local time = tonumber(string.match(hit, '^(-?%d+):'))
  first = math.min(first, time)
  last = math.max(last, time)
end
if last - first > tonumber(ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
local held = redis.call('GET', KEYS[2])
if held and tonumber(held) >= tonumber(ARGV[4]) then return 1 end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
return 1`);
