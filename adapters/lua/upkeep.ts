import { defineScript } from '../redis-script.ts';

/** KEYS: pairs of a key and its owner. Deletes those whose owner is not at work; tells how many. */
export const dropOwnedScript = defineScript(`
local gone = 0
for place = 1, #KEYS, 2 do
  if redis.call('HGET', KEYS[place + 1], 'state') ~= 'pending' then
    gone = gone + redis.call('UNLINK', KEYS[place])
  end
end
return gone`);

/** KEYS: any. ARGV: seconds for each. Gives a time to live to those that have none; tells how many. */
export const giveEndScript = defineScript(`
local given = 0
for place, key in ipairs(KEYS) do
  if redis.call('TTL', key) == -1 then given = given + redis.call('EXPIRE', key, ARGV[place]) end
end
return given`);

/** KEYS: hash. ARGV: pairs of a field and its value. Deletes the fields that still hold that; tells how many. */
export const dropEntriesScript = defineScript(`
local gone = 0
for place = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[place]) == ARGV[place + 1] then
    gone = gone + redis.call('HDEL', KEYS[1], ARGV[place])
  end
end
return gone`);
