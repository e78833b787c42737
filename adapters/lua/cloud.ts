import { defineScript } from '../redis-script.ts';

// The first write of what ends a call is one Redis never refuses: a Redis that is full must not lose what was used.
// The budget is a hash of `used:<day>` (tokens) and `held:<call>` (`<day> <tokens> <time>`).

/**
 * KEYS: budget. ARGV: call, day, time, least, most, limit, how long what a call holds is kept, the oldest day remembered.
 * Returns what is granted, or -1.
 */
export const reserveScript = defineScript(`
local at, keep = tonumber(ARGV[3]), tonumber(ARGV[7])
local fields = redis.call('HGETALL', KEYS[1])
local held, pending, mine = {}, {}, nil
for i = 1, #fields, 2 do
  local call = string.match(fields[i], '^held:(.*)$')
  if call then
    local day, tokens, since = string.match(fields[i + 1], '^(%S+) (%d+) (-?%d+)$')
    local age = math.abs(at - tonumber(since))
    if age >= keep then
      redis.call('HDEL', KEYS[1], fields[i])
      if day >= ARGV[8] then redis.call('HINCRBY', KEYS[1], 'used:' .. day, tokens) end
    else
      pending[day] = true
      if call == ARGV[1] then mine = { day = day, since = since }
      else held[day] = (held[day] or 0) + tonumber(tokens) end
    end
  end
end
local day, since = ARGV[2], ARGV[3]
if mine then day, since = mine.day, mine.since end
local used = tonumber(redis.call('HGET', KEYS[1], 'used:' .. day) or '0')
local granted = math.min(tonumber(ARGV[5]), tonumber(ARGV[6]) - used - (held[day] or 0))
if granted < tonumber(ARGV[4]) then granted = -1
else
  redis.call('HSET', KEYS[1], 'held:' .. ARGV[1], day .. ' ' .. string.format('%.0f', granted) .. ' ' .. since)
  pending[day] = true
end
for i = 1, #fields, 2 do
  local past = string.match(fields[i], '^used:(.*)$')
  if past and past < ARGV[8] and not pending[past] then redis.call('HDEL', KEYS[1], fields[i]) end
end
return granted`);

/** KEYS: budget. ARGV: call, tokens used. */
export const settleBudgetScript = defineScript(`
local kept = redis.call('HGET', KEYS[1], 'held:' .. ARGV[1])
if not kept then return 0 end
redis.call('HDEL', KEYS[1], 'held:' .. ARGV[1])
redis.call('HINCRBY', KEYS[1], 'used:' .. string.match(kept, '^(%S+) '), ARGV[2])
return 1`);

// The breaker is a hash: `failures` (times with commas between) while closed; `until` and `pauses` while open; `probe`, `since`
// and `pauses` while half open; absent before the first failure.
const breakerKind = `
local function kind()
  if redis.call('HEXISTS', KEYS[1], 'probe') == 1 then return 'half-open' end
  if redis.call('HEXISTS', KEYS[1], 'until') == 1 then return 'open' end
  return 'closed'
end
local before = kind()
local function number(field) return tonumber(redis.call('HGET', KEYS[1], field)) end
local function text(value) return string.format('%.0f', value) end
`;

/** KEYS: breaker. ARGV: call, time, longest pause, how long a probe counts. Returns 1 or 0, the kind before, the fields after. */
export const admitScript = defineScript(`${breakerKind}
local at = tonumber(ARGV[2])
if before == 'closed' then return { 1, before, redis.call('HGETALL', KEYS[1]) } end
local ends, longest
if before == 'open' then ends, longest = number('until'), tonumber(ARGV[3])
else ends, longest = number('since') + tonumber(ARGV[4]), tonumber(ARGV[4]) end
if ends > at and ends - at <= longest then return { 0, before, redis.call('HGETALL', KEYS[1]) } end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'since', ARGV[2])
return { 1, before, redis.call('HGETALL', KEYS[1]) }`);

/**
 * KEYS: breaker. ARGV: call, time, verdict, asked wait, failures that open, window, first pause, longest pause, all in ms.
 * Returns the kind before, the fields after.
 */
export const hearScript = defineScript(`${breakerKind}
local at = tonumber(ARGV[2])
local function open(pauses)
  local pause = math.min(math.max(tonumber(ARGV[7]) * 2 ^ (pauses - 1), tonumber(ARGV[4])), tonumber(ARGV[8]))
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'until', text(at + pause), 'pauses', text(pauses))
end
if before == 'closed' and ARGV[3] == 'failed' then
  local failures = {}
  for time in string.gmatch(redis.call('HGET', KEYS[1], 'failures') or '', '-?%d+') do
    if math.abs(at - tonumber(time)) <= tonumber(ARGV[6]) then table.insert(failures, time) end
  end
  table.insert(failures, ARGV[2])
  redis.call('HDEL', KEYS[1], 'failures')
  if #failures >= tonumber(ARGV[5]) then open(1)
  else redis.call('HSET', KEYS[1], 'failures', table.concat(failures, ',')) end
elseif before == 'half-open' and redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then
  if ARGV[3] == 'answered' then redis.call('DEL', KEYS[1])
  elseif ARGV[3] == 'failed' then open(number('pauses') + 1)
  else
    redis.call('HDEL', KEYS[1], 'probe', 'since')
    redis.call('HSET', KEYS[1], 'until', ARGV[2])
  end
end
return { before, redis.call('HGETALL', KEYS[1]) }`);
