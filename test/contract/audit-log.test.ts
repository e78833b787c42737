import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll } from 'vitest';

import { openAuditLog } from '../../adapters/audit-file.ts';
import { exportAuditCsv } from '../../adapters/audit-file-reader.ts';
import { createMemoryAuditLog } from '../../adapters/memory/audit-log.ts';
import { describeAuditLog } from './audit-log-suite.ts';

const root = await mkdtemp(join(tmpdir(), 'talos-audit-'));
const { privateKey } = generateKeyPairSync('ed25519');
let count = 0;

afterAll(() => rm(root, { recursive: true }));

describeAuditLog('twin', async () => {
  const log = createMemoryAuditLog();
  return { log, kept: async () => log.events().map(({ type }) => type) };
});

describeAuditLog('files', async () => {
  const dir = join(root, String((count += 1)));
  const random = () => randomBytes(4).toString('hex');
  const log = await openAuditLog({ dir, process: 'test', privateKey, now: Date.now, random });
  return {
    log,
    async kept() {
      const rows: string[] = [];
      await exportAuditCsv(dir, (row) => void rows.push(row));
      return rows.map((row) => row.split(',')[3] ?? '').filter((type) => type !== 'type' && !type.startsWith('log-'));
    },
  };
});
