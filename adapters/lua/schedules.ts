import { defineScript } from '../redis-script.ts';

/** KEYS: schedules, inputs. ARGV: schedule id, facts as JSON, input as JSON, most schedules. */
export const putScheduleScript = defineScript(`
local isNew = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
if isNew and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`);

/** KEYS: schedules, inputs, state, due times, due runs. ARGV: schedule id. */
export const removeScheduleScript = defineScript(`
redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/**
 * Takes out the oldest due runs beyond those that are shown, unless they are needed to tell what was missed; of those it keeps so many.
 * KEYS as in the scripts below.
 */
export const forget = `
local function forget(shown, most)
  local settled = tonumber(redis.call('HGET', KEYS[2], 'until') or 0)
  local running = redis.call('HGET', KEYS[2], 'running')
  local surplus = redis.call('ZRANGE', KEYS[3], 0, -(shown + 1), 'WITHSCORES')
  for place = 1, #surplus, 2 do
    local key = surplus[place]
    local left = (#surplus - place - 1) / 2 + shown
    if key ~= running and (tonumber(surplus[place + 1]) <= settled or left >= most) then
      redis.call('ZREM', KEYS[3], key)
      redis.call('HDEL', KEYS[4], key)
    end
  end
end`;

/** Takes out the times after now that were told as missed. KEYS as in the scripts below. */
export const rewind = `
local function rewind(settled, now)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. now, '+inf')) do
    local json = redis.call('HGET', KEYS[4], key)
    if json and cjson.decode(json).reason == 'missed' then
      redis.call('ZREM', KEYS[3], key)
      redis.call('HDEL', KEYS[4], key)
    end
  end
  redis.call('HDEL', KEYS[2], 'until')
  redis.call('HSET', KEYS[2], 'until', settled)
end`;

// The first write of the scripts about due runs is one Redis never refuses: what was due has to be told also when Redis is full.

/** KEYS: schedules, state, due times, due runs. ARGV: schedule id, key, due time, the run as JSON, now, when it counts as over. */
export const beginDueRunScript = defineScript(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return { 'removed' } end
local known = redis.call('HGET', KEYS[4], ARGV[2])
if known and cjson.decode(known).state ~= 'running' then return { 'ended', known } end
local running, over = unpack(redis.call('HMGET', KEYS[2], 'running', 'over'))
if running and running ~= ARGV[2] and tonumber(over) > tonumber(ARGV[5]) then return { 'overlap', running } end
redis.call('PERSIST', KEYS[4])
redis.call('HSET', KEYS[2], 'running', ARGV[2], 'over', ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
return { 'begun' }`);

/** KEYS: schedules, state, due times, due runs. ARGV: schedule id, key, due time, the run as JSON, shown, most. */
export const endDueRunScript = defineScript(`${forget}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local known = redis.call('HGET', KEYS[4], ARGV[2])
if known and cjson.decode(known).state ~= 'running' then return 0 end
redis.call('PERSIST', KEYS[4])
if redis.call('HGET', KEYS[2], 'running') == ARGV[2] then redis.call('HDEL', KEYS[2], 'running', 'over') end
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
forget(tonumber(ARGV[5]), tonumber(ARGV[6]))
return 1`);

/** KEYS: schedules, state, due times, due runs. ARGV: schedule id, until, shown, most, then key, due time and JSON of each missed run. */
export const accountScript = defineScript(`${forget}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PERSIST', KEYS[4])
for place = 5, #ARGV, 3 do
  if redis.call('HSETNX', KEYS[4], ARGV[place], ARGV[place + 2]) == 1 then
    redis.call('ZADD', KEYS[3], ARGV[place + 1], ARGV[place])
  end
end
if tonumber(redis.call('HGET', KEYS[2], 'until') or 0) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[2], 'until', ARGV[2])
end
forget(tonumber(ARGV[3]), tonumber(ARGV[4]))
return 1`);

/** KEYS: schedules, state, due times, due runs. ARGV: schedule id, until, now. */
export const rewindScript = defineScript(`${rewind}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
rewind(ARGV[2], ARGV[3])
return 1`);

/** KEYS: due times, due runs. ARGV: how many. Newest first. */
export const dueRunsScript = defineScript(`
local keys = redis.call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)
if #keys == 0 then return {} end
return redis.call('HMGET', KEYS[2], unpack(keys))`);
