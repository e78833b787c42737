import type { TestStack } from '../support/stack.ts';
import { mended, startNight } from '../integration/skills/revision-support.ts';

type Record = (name: string, workflowId: string) => Promise<void>;

/** Records nights in which a skill was mended, and one in which the revision was dropped. */
export async function recordNight(stack: TestStack, record: Record): Promise<void> {
  for (const [name, code] of [
    ['night-revision-proposed', undefined],
    ['night-revision-dropped', 'export default 1;'],
  ] as const) {
    const { talos, night } = await startNight(stack, () => mended(code));
    const { workflowId } = await night();
    await record(name, workflowId);
    await talos.close();
  }
}
