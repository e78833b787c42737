import { toTalosError } from '../domain/errors.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';

/** Why a sign-in failed. */
export type SignInFailure = 'wrong-credentials' | 'too-many-attempts';

const windowMs = 60_000;

/** Failures of one address since its last entry. */
type Pending = { count: number; reason: SignInFailure; timer: NodeJS.Timeout };

/**
 * Writes failed sign-ins into the audit log: the first of an address at once, those of the next minute as one entry with their
 * number, so that a flood of guesses cannot fill the disk. An audit log that cannot be written is logged and changes nothing.
 */
export function createFailedSignIns({ audit, logger }: { audit: AuditLog; logger: Logger }) {
  const windows = new Map<string, Pending>();

  async function write(address: string, reason: SignInFailure, count: number): Promise<void> {
    logger.warn({ address, reason, count }, 'sign-in failed');
    try {
      await audit.append({ type: 'sign-in-failed', actor: 'api', subject: address, details: { reason, count } });
    } catch (thrown) {
      logger.error({ address, code: toTalosError(thrown).code }, 'failed sign-in not audited');
    }
  }

  function openWindow(address: string): void {
    const timer = setTimeout(() => void endWindow(address), windowMs).unref();
    windows.set(address, { count: 0, reason: 'wrong-credentials', timer });
  }

  async function endWindow(address: string): Promise<void> {
    const pending = windows.get(address);
    windows.delete(address);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    if (pending.count === 0) return;
    openWindow(address);
    await write(address, pending.reason, pending.count);
  }

  return {
    /** Resolves once the failure is counted, and written where it is the first of its minute. */
    async record(address: string, reason: SignInFailure): Promise<void> {
      const pending = windows.get(address);
      if (pending !== undefined) {
        pending.count += 1;
        pending.reason = reason;
        return;
      }
      openWindow(address);
      await write(address, reason, 1);
    },

    /** Writes what is still only counted. */
    async close(): Promise<void> {
      await Promise.all([...windows.keys()].map(endWindow));
      for (const { timer } of windows.values()) clearTimeout(timer);
      windows.clear();
    },
  };
}

export type FailedSignIns = ReturnType<typeof createFailedSignIns>;
