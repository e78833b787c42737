import { defineScript } from '../redis-script.ts';
import { forget, rewind } from './schedules.ts';

// KEYS of all scripts here: wake-ups, state, times, runs. The first write of each is one Redis never refuses: the night has to begin and
// to be recorded when Redis is full, as it is what makes room.

/** ARGV: id, due time, the run as JSON, now, when it counts as over. */
export const beginNightScript = defineScript(`
local known = redis.call('HGET', KEYS[4], ARGV[1])
if known and cjson.decode(known).state ~= 'running' then return { 'ended', known } end
local running, over = unpack(redis.call('HMGET', KEYS[2], 'running', 'over'))
if running and running ~= ARGV[1] and tonumber(over) > tonumber(ARGV[4]) then return { 'overlap', running } end
redis.call('HDEL', KEYS[2], 'progress')
redis.call('HSET', KEYS[2], 'running', ARGV[1], 'over', ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], KEYS[4])
return { 'begun' }`);

/** ARGV: id, due time, the run as JSON, whether it has ended (1 or 0), shown, most. */
export const saveNightScript = defineScript(`${forget}
local known = redis.call('HGET', KEYS[4], ARGV[1])
if known and cjson.decode(known).state ~= 'running' then return 0 end
redis.call('PERSIST', KEYS[4])
if redis.call('HGET', KEYS[2], 'running') == ARGV[1] then
  redis.call('HDEL', KEYS[2], 'progress')
  if ARGV[4] == '1' then redis.call('HDEL', KEYS[2], 'running', 'over') end
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], KEYS[4])
forget(tonumber(ARGV[5]), tonumber(ARGV[6]))
return 1`);

/** ARGV: id, progress as JSON. */
export const tellNightScript = defineScript(`
if redis.call('HGET', KEYS[2], 'running') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], 'progress')
redis.call('HSET', KEYS[2], 'progress', ARGV[2])
redis.call('PUBLISH', KEYS[1], KEYS[4])
return 1`);

/** ARGV: id. The run, and the progress if it is the one that goes on. */
export const getNightScript = defineScript(`
local progress = false
if redis.call('HGET', KEYS[2], 'running') == ARGV[1] then progress = redis.call('HGET', KEYS[2], 'progress') end
return { redis.call('HGET', KEYS[4], ARGV[1]), progress }`);

/** ARGV: since, how many. Newest first. */
export const listNightsScript = defineScript(`
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[3], '+inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #ids == 0 then return {} end
return redis.call('HMGET', KEYS[4], unpack(ids))`);

/** ARGV: until, shown, most, then id, due time and JSON of each missed run. */
export const accountNightsScript = defineScript(`${forget}
redis.call('PERSIST', KEYS[4])
for place = 4, #ARGV, 3 do
  if redis.call('HSETNX', KEYS[4], ARGV[place], ARGV[place + 2]) == 1 then
    redis.call('ZADD', KEYS[3], ARGV[place + 1], ARGV[place])
  end
end
if tonumber(redis.call('HGET', KEYS[2], 'until') or 0) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[2], 'until', ARGV[1])
end
forget(tonumber(ARGV[2]), tonumber(ARGV[3]))
return 1`);

/** ARGV: until, now. */
export const rewindNightsScript = defineScript(`${rewind}
rewind(ARGV[1], ARGV[2])
return 1`);
