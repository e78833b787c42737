import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import type { ModelEvent } from '../../../domain/models/model.ts';
import { cancelledMessages, lockdownWorkflowId } from '../../../workflows/messages.ts';
import { startTalos } from '../../support/talos.ts';

describe('the lockdown workflow', () => {
  let talos: Awaited<ReturnType<typeof startTalos>>;
  beforeAll(async () => {
    talos = await startTalos(inject('stack'), {
      wrap: (ports) => ({ ...ports, model: { ...ports.model, chat: (_request, signal) => untilAborted(signal) } }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
  });
  afterAll(() => talos.close());

  it('cancels what runs, stays open as evidence, and ends with the unlock', async () => {
    const refs = await Promise.all([talos.send('one'), talos.send('two'), talos.send('three')]);
    await talos.ports.runtime.startLockdown({ reason: 'test', by: 'owner' });
    const records = await Promise.all(refs.map((ref) => talos.settled(ref)));
    expect(records.map((record) => record.state)).toEqual(['stopped', 'stopped', 'stopped']);
    const handle = new Client({ connection: talos.connection, namespace: 'talos' }).workflow.getHandle(
      lockdownWorkflowId,
    );
    expect(await handle.query(cancelledMessages)).toBeGreaterThanOrEqual(1);
    await talos.ports.runtime.endLockdown('owner');
    expect(await handle.result()).toMatchObject({ unlockedBy: 'owner' });
  });

  it('stops what runs also where one from before was never ended', async () => {
    await talos.ports.runtime.startLockdown({ reason: 'first', by: 'owner' });
    const handle = new Client({ connection: talos.connection, namespace: 'talos' }).workflow.getHandle(
      lockdownWorkflowId,
    );
    const rounds = async () => {
      const { events } = await handle.fetchHistory();
      return (events ?? []).filter(({ timerFiredEventAttributes: fired }) => fired).length;
    };
    await expect.poll(rounds, { timeout: 20_000 }).toBe(3); // from then on it stops nothing by itself
    const ref = await talos.send('later');
    await talos.ports.runtime.startLockdown({ reason: 'second', by: 'owner' });
    expect((await talos.settled(ref)).state).toBe('stopped');
    await talos.ports.runtime.endLockdown('owner');
  });
});

async function* untilAborted(signal: AbortSignal): AsyncGenerator<ModelEvent> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  yield { type: 'text-delta', text: '' };
  throw new Error('aborted');
}
