import { describe, expect, it } from 'vitest';

import { followPull } from '../../../cli/follow-pull.ts';
import { TalosError } from '../../../domain/errors.ts';
import { readModelName } from '../../../domain/models/name.ts';
import { freshPull, type ModelPull } from '../../../domain/models/pull.ts';

const begun = freshPull(readModelName('tiny:1b'), 0);
const broken = new TalosError('NOT_RUNNING', 'the connection broke');

/** Follows over a connection for each list: its pulls come, then it ends or breaks. After the last one every connection fails. */
function follow(...connections: (readonly (ModelPull | TalosError)[])[]) {
  let [made, breaks] = [0, 0];
  const client = {
    async *follow() {
      for (const step of connections[made++] ?? [broken]) {
        if (step instanceof TalosError) throw step;
        yield step;
      }
    },
  };
  const { signal } = new AbortController();
  const ended = followPull({ client, begun, signal, onChange: () => {}, onBreak: () => (breaks += 1), pauseMs: 0 });
  return { ended, made: () => made, breaks: () => breaks };
}

describe('a pull that is followed', () => {
  it('is followed on after each break, told once for each', async () => {
    const later: ModelPull = { ...begun, updatedAt: 1 };
    const { ended, breaks } = follow([begun], [broken], [later], [{ ...later, state: 'done' }]);
    await expect(ended).resolves.toMatchObject({ state: 'done' });
    expect(breaks()).toBe(2);
  });

  it('is left to itself when Talos does not come back', async () => {
    const { ended, made } = follow([begun]);
    await expect(ended).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      message: expect.stringContaining('when Talos does'),
    });
    expect(made()).toBe(61);
  });

  it('is told at once to be unknown', async () => {
    const { ended, made } = follow([new TalosError('NOT_FOUND', 'there is none')]);
    await expect(ended).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(made()).toBe(1);
  });
});
