import { z } from 'zod';

import { JsonValue } from '../json.ts';

/**
 * What the host answers to one brokered call while a case runs, so that cases need neither network nor the owner's data. A call
 * is answered by the first unused reply with the same power and an equal input; every other call is denied.
 */
export const ScriptedReply = z.strictObject({
  power: z.enum(['fetch', 'memory', 'tool', 'folder']),
  input: JsonValue,
  reply: JsonValue,
});
export type ScriptedReply = z.infer<typeof ScriptedReply>;
