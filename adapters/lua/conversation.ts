import { defineScript } from '../redis-script.ts';

/** Fields of a message hash that make its record, in the order the scripts return them. */
export const recordFields = ['seq', 'text', 'state', 'createdAt', 'finishedAt', 'reply', 'outcome', 'options'] as const;

const luaFields = recordFields.map((field) => `'${field}'`).join(', ');

/** Moves a conversation up in the list; a clock that was set back never moves it down. */
const touch = `
local function touch(conversation, index, id, at)
  local last = redis.call('HGET', conversation, 'updatedAt')
  if not last or tonumber(at) > tonumber(last) then
    redis.call('HSET', conversation, 'updatedAt', at)
    redis.call('ZADD', index, at, id)
  end
end`;

/**
 * KEYS: message, messages, pending, conversation, conversations. ARGV: key, text, createdAt, title, conversation id, options or "".
 * The first write is one Redis refuses when full, so that nothing is half-written.
 */
export const acceptScript = defineScript(`${touch}
local known = redis.call('HMGET', KEYS[1], ${luaFields})
if known[1] then
  if known[2] ~= ARGV[2] or (known[8] or '') ~= ARGV[6] then return { 'conflict' } end
  local before = {}
  if known[3] == 'pending' then
    before = redis.call('ZREVRANGEBYSCORE', KEYS[3], '(' .. known[1], '-inf', 'LIMIT', 0, 1)
  end
  return { 'existing', before[1] or false, known }
end
local before = redis.call('ZREVRANGE', KEYS[3], 0, 0)
local seq = redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'seq', seq, 'text', ARGV[2], 'state', 'pending', 'createdAt', ARGV[3])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'options', ARGV[6]) end
redis.call('ZADD', KEYS[3], seq, ARGV[1])
if seq == 1 then redis.call('HSET', KEYS[4], 'title', ARGV[4], 'createdAt', ARGV[3]) end
touch(KEYS[4], KEYS[5], ARGV[5], ARGV[3])
return { 'accepted', before[1] or false, seq }`);

/**
 * KEYS: message, pending, answered, conversation, conversations, tokens, wake-ups, context.
 * ARGV: state, finishedAt, outcome, "1" with a reply, reply, \`done\` event, key, conversation id, seconds the stream stays, and the context.
 * The first write is one Redis never refuses, so that a message can end even when Redis is full.
 */
export const settleScript = defineScript(`${touch}
local known = redis.call('HMGET', KEYS[1], 'state', 'seq', 'draft')
if known[1] ~= 'pending' then return 0 end
redis.call('HDEL', KEYS[1], 'draft')
redis.call('ZREM', KEYS[2], ARGV[7])
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'finishedAt', ARGV[2], 'outcome', ARGV[3], 'done', ARGV[6])
local reply = known[3]
if ARGV[4] == '1' then reply = ARGV[5] end
if reply then redis.call('HSET', KEYS[1], 'reply', reply) end
if ARGV[1] == 'answered' then redis.call('ZADD', KEYS[3], known[2], ARGV[7]) end
touch(KEYS[4], KEYS[5], ARGV[8], ARGV[2])
redis.call('XADD', KEYS[6], '*', 'event', ARGV[6])
redis.call('EXPIRE', KEYS[6], ARGV[9])
redis.call('EXPIRE', KEYS[8], ARGV[10])
redis.call('PUBLISH', KEYS[7], KEYS[6])
return 1`);

/** KEYS: message. ARGV: draft. A message that has ended takes no draft. */
export const saveDraftScript = defineScript(`
if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[1], 'draft', ARGV[1])
return 1`);

/** KEYS: answered. ARGV: seq, limit, what a message hash is called without its key. Newest first. */
export const recentScript = defineScript(`
local found = {}
for _, key in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '-inf', 'LIMIT', 0, ARGV[2])) do
  found[#found + 1] = { key, redis.call('HMGET', ARGV[3] .. key, ${luaFields}) }
end
return found`);

/** KEYS: messages. ARGV: first, last, what a message hash is called without its key. */
export const conversationScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local found = {}
for _, key in ipairs(redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])) do
  found[#found + 1] = { key, redis.call('HMGET', ARGV[3] .. key, ${luaFields}) }
end
return found`);

/** KEYS: conversations. ARGV: first, last, what a conversation is called without its id, what its messages end with. */
export const conversationsScript = defineScript(`
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[2])) do
  local name = ARGV[3] .. id
  local fields = redis.call('HMGET', name, 'title', 'createdAt', 'updatedAt')
  found[#found + 1] = { id, fields[1], redis.call('LLEN', name .. ARGV[4]), fields[2], fields[3] }
end
return found`);
