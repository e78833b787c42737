import { TalosError } from '../../domain/errors.ts';
import { hangUntilTold, startNights } from '../integration/night/support.ts';
import type { TestStack } from '../support/stack.ts';

type Record = (name: string, workflowId: string) => Promise<void>;

/** Records dream cycles: one that ran, failed, was cut short, was cancelled, and was skipped. */
export async function recordDreams(stack: TestStack, record: Record): Promise<void> {
  const at = await startNights(stack);
  const { nightWork, start, workflow, talos } = at;
  const keep = async (name: string, id: string) => {
    await workflow(id).result();
    await record(name, workflow(id).workflowId);
  };
  await keep('dream-cycle-ran', await start());
  nightWork.follow(async (phase) => {
    if (phase === 'logs') throw new TalosError('INTERNAL', 'it broke');
    return undefined;
  });
  await keep('dream-cycle-failed', await start());
  const slow = hangUntilTold('memory');
  nightWork.follow(slow.script);
  const cancelled = await start();
  await slow.begun;
  await keep('dream-cycle-skipped', await start());
  await talos.nightRuntime.cancel(cancelled);
  await keep('dream-cycle-cancelled', cancelled);
  await at.close();
  await recordCutShort(stack, record);
}

async function recordCutShort(stack: TestStack, record: Record): Promise<void> {
  const at = await startNights(stack, { night: { softMs: 500, hardMs: 30_000 } });
  at.nightWork.follow(hangUntilTold('redis').script);
  const id = await at.start();
  await at.workflow(id).result();
  await record('dream-cycle-cut-short', at.workflow(id).workflowId);
  await at.close();
}
