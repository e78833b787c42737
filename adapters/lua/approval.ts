import { lockoutRule } from '../../domain/approval/lockout.ts';
import { defineScript } from '../redis-script.ts';

// The same machine as domain/approval/book.ts. The first write is one Redis never refuses, so that a wrong guess counts and a right
// one is taken when Redis is full.

const { wrongPerSubject, wrongOverall, lockMs, quietMs } = lockoutRule;

/** Fields of KEYS[1]: `<id> <proof> <issued> <expires> <binding>`. Of KEYS[2]: `<wrong> <level> <until> <last>`. */
const machine = `
redis.call('HDEL', KEYS[2], '')
local at, name = tonumber(ARGV[1]), ARGV[2]
local locks = {${lockMs.join(', ')}}

local function lock_ms(level)
  if level == 0 then return 0 end
  return locks[math.min(level, #locks)]
end

local function load(field)
  local text = redis.call('HGET', KEYS[2], field)
  local wrong, level, held, last = string.match(text or '0 0 0 0', '^(%d+) (%d+) (%d+) (%d+)$')
  local guard = { field = field, text = text, wrong = tonumber(wrong), level = tonumber(level) }
  guard.held = math.min(tonumber(held), at + lock_ms(guard.level))
  guard.last = math.min(tonumber(last), at)
  if at - math.max(guard.held, guard.last) > ${quietMs} then
    guard.wrong, guard.level, guard.held, guard.last = 0, 0, 0, 0
  end
  return guard
end

local function save(guard)
  if guard.wrong == 0 and guard.level == 0 then
    if guard.text then redis.call('HDEL', KEYS[2], guard.field) end
    return
  end
  local text = string.format('%.0f %.0f %.0f %.0f', guard.wrong, guard.level, guard.held, guard.last)
  if text ~= guard.text then redis.call('HSET', KEYS[2], guard.field, text) end
end

local function count_wrong(guard, most)
  guard.wrong, guard.last = guard.wrong + 1, at
  if guard.wrong < most then return end
  guard.wrong, guard.level = 0, guard.level + 1
  guard.held = at + lock_ms(guard.level)
end

local function is_open(code)
  local id, proof, issued, expires = string.match(code or '', '^(%S+) (%S+) (%d+) (%d+) ')
  return id and at >= tonumber(issued) and at < tonumber(expires), id, proof
end

local subject, all = load(name), load('*')

local function held()
  return math.max(subject.held, all.held)
end

local function finish(kind, value)
  save(subject)
  save(all)
  return { kind, value }
end

if held() > at then return finish('locked', string.format('%.0f', held())) end`;

/** KEYS: open codes, guards. ARGV: time, name, the code as a field. Returns issued or locked with its end. */
export const issueScript = defineScript(`${machine}
local codes = redis.call('HGETALL', KEYS[1])
for index = 1, #codes, 2 do
  if not is_open(codes[index + 1]) then redis.call('HDEL', KEYS[1], codes[index]) end
end
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if field ~= name and field ~= '*' then save(load(field)) end
end
redis.call('HSET', KEYS[1], name, ARGV[3])
return finish('issued', '')`);

/** KEYS: open codes, guards. ARGV: time, name, proof. Returns accepted with the id, wrong with the guesses left, none, or locked with its end. */
export const redeemScript = defineScript(`${machine}
local open, id, proof = is_open(redis.call('HGET', KEYS[1], name))
if not open then
  redis.call('HDEL', KEYS[1], name)
  return finish('none', '')
end
if proof == ARGV[3] then
  redis.call('HDEL', KEYS[1], name)
  subject.wrong, all.wrong = math.max(0, subject.wrong - 1), math.max(0, all.wrong - 1)
  return finish('accepted', id)
end
count_wrong(subject, ${wrongPerSubject})
count_wrong(all, ${wrongOverall})
if all.held > at then redis.call('DEL', KEYS[1]) end
if held() > at then
  redis.call('HDEL', KEYS[1], name)
  return finish('locked', string.format('%.0f', held()))
end
return finish('wrong', tostring(math.min(${wrongPerSubject} - subject.wrong, ${wrongOverall} - all.wrong)))`);

/** KEYS: open codes. ARGV: name, id. Voids the code if it is that one. */
export const cancelScript = defineScript(`
local code = redis.call('HGET', KEYS[1], ARGV[1])
if code and string.match(code, '^%S+') == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`);
