import { TalosError, toTalosError } from '../domain/errors.ts';
import type { CodeDelivery, Logger } from '../domain/ports.ts';

type Options = {
  readonly logger: Logger;
  /** A way that takes longer has failed. */
  readonly waitMs?: number;
};

/** All ways to the owner as one: a code goes every way, and one that takes it is enough. Fails with APPROVAL_UNDELIVERED. */
export function combineDeliveries(
  deliveries: readonly CodeDelivery[],
  { logger, waitMs = 5000 }: Options,
): CodeDelivery {
  async function attempt(delivery: CodeDelivery, code: Parameters<CodeDelivery['deliver']>[0]): Promise<boolean> {
    try {
      await Promise.race([delivery.deliver(code), tooLate(waitMs)]);
      return true;
    } catch (thrown) {
      // Not the error itself: its text may quote what was sent.
      logger.warn(
        { way: delivery.name, failure: toTalosError(thrown).code, approval: code.id },
        'approval code not sent',
      );
      return false;
    }
  }

  return {
    name: 'all',

    async deliver(code) {
      const taken = await Promise.all(deliveries.map((delivery) => attempt(delivery, code)));
      if (taken.includes(true)) return;
      const ways = deliveries.map(({ name }) => name).join(', ') || 'none is set up';
      throw new TalosError(
        'APPROVAL_UNDELIVERED',
        `The approval code did not reach the owner (${ways}); the log says why. Ask for a new one.`,
      );
    },
  };
}

function tooLate(waitMs: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new TalosError('APPROVAL_UNDELIVERED', 'It took too long.')), waitMs).unref();
  });
}
