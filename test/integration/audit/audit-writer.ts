import { createPrivateKey, randomBytes } from 'node:crypto';

import { openAuditLog } from '../../../adapters/audit-file.ts';

/** A process that appends until it is killed and tells its parent the hash of every acknowledged entry. */
const [dir = '', key = ''] = process.argv.slice(2);
const random = () => randomBytes(4).toString('hex');
const log = await openAuditLog({ dir, process: 'writer', privateKey: createPrivateKey(key), now: Date.now, random });
for (;;) {
  const { hash } = await log.append({ type: 'model-called', actor: 'writer', details: { pid: process.pid } });
  process.send?.(hash);
}
