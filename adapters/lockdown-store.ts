import { TalosError } from '../domain/errors.ts';
import { formatLockdown, type Lockdown, parseLockdown } from '../domain/lockdown/record.ts';
import type { LockdownStore } from '../domain/ports.ts';
import { lockdownFile } from './lockdown-file.ts';
import { lockScript, unlockIfScript } from './lua/safety.ts';
import type { RedisConnections } from './redis.ts';

/**
 * The lockdown in a file of this host and in Redis, for all hosts. Talos is locked when either says so. A host that was locked
 * itself stays locked until it is unlocked there.
 */
export function createLockdownStore({ redis, file: path }: { redis: RedisConnections; file: string }): LockdownStore {
  const file = lockdownFile(path);
  const { keys } = redis;
  const key = { keys: [keys.lockdown] };

  /** Sets the flag in Redis unless it is set; returns what is set then. */
  async function flag(lockdown: Lockdown): Promise<Lockdown> {
    return readFlag(await redis.run(lockScript, { ...key, args: [formatLockdown(lockdown)] }));
  }

  function readFlag(text: unknown): Lockdown {
    return parseLockdown(String(text), { place: `Redis (${keys.lockdown})`, at: 0 });
  }

  /** Puts a flag back that Redis lost. An unlock that went on meanwhile wins. */
  async function heal(lockdown: Lockdown): Promise<void> {
    await flag(lockdown);
    if ((await file.read()) === undefined) {
      await redis.run(unlockIfScript, { ...key, args: [formatLockdown(lockdown)] });
    }
  }

  return {
    async state() {
      const lockdown = await file.read();
      if (lockdown !== undefined) {
        if (redis.commands.status === 'ready') {
          await heal(lockdown).catch(() => undefined); // the file alone holds it; the next call tries again
        }
        return lockdown;
      }
      const text = await redis.call((c) => c.get(keys.lockdown));
      return text === null ? { locked: false } : readFlag(text);
    },

    async lock(order) {
      const wanted: Lockdown = { locked: true, reason: order.reason, by: order.by, at: order.at };
      const written = await outcome(file.create(wanted));
      const isWhole = written.ok && written.value;
      const held = isWhole ? ((await file.read()) ?? wanted) : wanted;
      const flagged = await outcome(flag(held));
      if (!flagged.ok) {
        if (written.ok) return held;
        throw notLocked(path, written.cause);
      }
      if (formatLockdown(flagged.value) !== formatLockdown(held) && isWhole) await file.replace(flagged.value);
      return flagged.value;
    },

    /** At every moment until the last step one of the two says locked; so does a failure on the way. */
    async unlock() {
      const lockdown = await file.read();
      if (lockdown !== undefined) await flag(lockdown);
      await removeFile();
      await redis.call((c) => c.del(keys.lockdown));
    },
  };

  async function removeFile(): Promise<void> {
    try {
      await file.remove();
    } catch (cause) {
      throw new TalosError(
        'STORE_UNAVAILABLE',
        `Talos stays locked down: ${path} cannot be removed; mend its folder, then unlock again.`,
        { cause },
      );
    }
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly cause: unknown };

async function outcome<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work };
  } catch (cause) {
    return { ok: false, cause };
  }
}

function notLocked(path: string, cause: unknown): TalosError {
  return new TalosError(
    'STORE_UNAVAILABLE',
    `The lockdown could be written neither to ${path} nor to Redis; stop Talos with \`talos down\`.`,
    { cause },
  );
}
