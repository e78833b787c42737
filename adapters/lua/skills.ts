import { defineScript } from '../redis-script.ts';

/** KEYS: announcements. ARGV: skill id, changes, ms since 1970. Gives the moment at which the same change was announced before. */
export const announceLifeScript = defineScript(`
local changes, at = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%d+)$')
if changes == ARGV[2] then return at end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
return false`);

/** KEYS: lives, changes of lives. ARGV: skill id, changes, the life as JSON. A later life stays. */
export const putLifeScript = defineScript(`
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known and tonumber(known) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1`);

/** Takes the oldest finished runs out until no more than the limit are left. */
const forget = `
local function forget(runs, failed, prefix, limit)
  local surplus = redis.call('ZCARD', runs) - limit
  if surplus <= 0 then return end
  for _, key in ipairs(redis.call('ZRANGE', runs, 0, -1)) do
    if surplus <= 0 then return end
    if redis.call('HGET', prefix .. key, 'state') ~= 'pending' then
      redis.call('DEL', prefix .. key, prefix .. key .. ':input', prefix .. key .. ':output')
      redis.call('ZREM', runs, key)
      redis.call('ZREM', failed, key)
      surplus = surplus - 1
    end
  end
end`;

/**
 * KEYS: run, runs, failed runs, input. ARGV: key, facts as JSON, input hash, input as JSON, ms the input stays, most runs, what a run
 * is called without its key.
 */
export const acceptRunScript = defineScript(`${forget}
local known = redis.call('HGET', KEYS[1], 'inputHash')
if known == ARGV[3] then return 'existing' end
if known then return 'conflict' end
redis.call('HSET', KEYS[1], 'inputHash', ARGV[3], 'facts', ARGV[2], 'state', 'pending')
redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[5])
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[2], tonumber(last[2] or 0) + 1, ARGV[1])
forget(KEYS[2], KEYS[3], ARGV[7], tonumber(ARGV[6]))
return 'accepted'`);

/** KEYS: run, runs, failed runs, output, wake-ups. ARGV: key, state, result as JSON, output as JSON or '', ms the output stays. */
export const settleRunScript = defineScript(`
if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'result', ARGV[3])
if ARGV[4] ~= '' then redis.call('SET', KEYS[4], ARGV[4], 'PX', ARGV[5]) end
if ARGV[2] == 'failed' then redis.call('ZADD', KEYS[3], redis.call('ZSCORE', KEYS[2], ARGV[1]), ARGV[1]) end
redis.call('PUBLISH', KEYS[5], KEYS[1])
return 1`);

/** KEYS: runs or failed runs. ARGV: first, last, what a run is called without its key. */
export const listRunsScript = defineScript(`
local found = {}
for _, key in ipairs(redis.call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[2])) do
  found[#found + 1] = { key, redis.call('HMGET', ARGV[3] .. key, 'facts', 'state', 'result') }
end
return found`);
