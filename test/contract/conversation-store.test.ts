import { afterAll, afterEach, inject } from 'vitest';

import { createConversationStore } from '../../adapters/conversation-store.ts';
import { createMemoryChat } from '../../adapters/memory/conversation-store.ts';
import type { RedisConnections } from '../../adapters/redis.ts';
import { createTokenStream } from '../../adapters/token-stream.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeConversationList } from './conversation-list-suite.ts';
import { describeConversationStore } from './conversation-store-suite.ts';
import { describeMessageOptions } from './message-options-suite.ts';
import { describeMessageOrder } from './message-order-suite.ts';

describeConversationStore('conversation store in memory', async () => createMemoryChat());
describeMessageOptions('message options in memory', async () => createMemoryChat().conversations);
describeMessageOrder('order of messages in memory', async () => createMemoryChat().conversations);
describeConversationList('conversation list in memory', async () => createMemoryChat().conversations);

const shared = connectTestRedis(inject('stack').redis);
afterAll(() => shared.close());
describeConversationStore('conversation store in Redis', async () => overRedis(shared));
describeMessageOptions('message options in Redis', async () => createConversationStore(shared));
describeMessageOrder('order of messages in Redis', async () => createConversationStore(shared));

const opened: RedisConnections[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((redis) => redis.close()));
});
describeConversationList('conversation list in Redis', async () => {
  const redis = connectTestRedis(inject('stack').redis);
  opened.push(redis);
  return createConversationStore(redis);
});

function overRedis(redis: RedisConnections) {
  return { conversations: createConversationStore(redis), tokens: createTokenStream(redis) };
}
