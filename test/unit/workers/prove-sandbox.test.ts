import { describe, expect, it } from 'vitest';

import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { TalosError } from '../../../domain/errors.ts';
import { proveSandbox } from '../../../workers/prove-sandbox.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';

function listening() {
  const told: { level: string; fields: object }[] = [];
  const at = (level: string) => (fields: object) => void told.push({ level, fields });
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { told, audit: createMemoryAuditLog(), logger };
}

describe('the proof of a sandbox', () => {
  it('is audited and told', async () => {
    const { told, ...ports } = listening();
    const state = await proveSandbox(createSkillTwins().sandbox, ports);
    expect(state).toMatchObject({ isProven: true, proof: { driver: 'bubblewrap' } });
    expect(ports.audit.events()).toMatchObject([{ type: 'sandbox-proved', details: { driver: 'bubblewrap' } }]);
    expect(told).toMatchObject([{ level: 'info' }]);
  });

  it('that fails leaves the sandbox unused and names the fix of the driver', async () => {
    const { told, ...ports } = listening();
    const sandbox = {
      ...createSkillTwins().sandbox,
      prove: () => Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', 'install bubblewrap')),
    };
    const state = await proveSandbox(sandbox, ports);
    expect(state).toMatchObject({
      isProven: false,
      error: { code: 'SANDBOX_UNAVAILABLE', message: 'install bubblewrap' },
    });
    expect(told).toMatchObject([{ level: 'warn', fields: { code: 'SANDBOX_UNAVAILABLE' } }]);
    expect(ports.audit.events()).toEqual([]);
  });

  it('counts as failed when it cannot be audited, when the driver breaks, and when there is none', async () => {
    const { told: _told, ...ports } = listening();
    const broken = { ...createSkillTwins().sandbox, prove: () => Promise.reject(new Error('boom')) };
    for (const sandbox of [broken, undefined]) {
      expect(await proveSandbox(sandbox, ports)).toMatchObject({
        isProven: false,
        error: { code: 'SANDBOX_UNAVAILABLE' },
      });
    }
    ports.audit.refuse(true);
    expect(await proveSandbox(createSkillTwins().sandbox, ports)).toMatchObject({ isProven: false });
  });
});
