import { afterAll, inject } from 'vitest';

import { createConversationStore } from '../../adapters/conversation-store.ts';
import { createMemoryChat } from '../../adapters/memory/conversation-store.ts';
import { createTokenStream } from '../../adapters/token-stream.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeTokenStream } from './token-stream-suite.ts';

describeTokenStream('token stream in memory', async () => createMemoryChat());

const redis = connectTestRedis(inject('stack').redis);
afterAll(() => redis.close());
const chat = { conversations: createConversationStore(redis), tokens: createTokenStream(redis) };
describeTokenStream('token stream in Redis', async () => chat);
