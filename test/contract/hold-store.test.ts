import { afterAll, inject } from 'vitest';

import { createHoldStore } from '../../adapters/hold-store.ts';
import { createMemoryHoldStore } from '../../adapters/memory/hold-store.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeHoldStore } from './hold-store-suite.ts';

describeHoldStore('hold store in memory', async () => createMemoryHoldStore());

const redis = connectTestRedis(inject('stack').redis);
afterAll(() => redis.close());
describeHoldStore('hold store in Redis', async () => createHoldStore(redis));
