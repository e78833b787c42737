import { type Breaker, type CallVerdict, closedUntil } from '../domain/cloud/breaker.ts';
import { longestCallMs } from '../domain/cloud/limits.ts';
import type { BreakerStep, CloudBreaker } from '../domain/cloud/ports.ts';
import { TalosError, toTalosError } from '../domain/errors.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';

type GuardDeps = {
  readonly host: string;
  readonly breaker: CloudBreaker;
  readonly audit: AuditLog;
  readonly logger: Logger;
  readonly now: () => number;
};

type CallEnd = { readonly verdict: CallVerdict; readonly retryAfterMs?: number };

/** The breaker around calls to the cloud. What it hears after a call fails nobody: the answer is there already. */
export function createCloudGuard({ host, breaker, audit, logger, now }: GuardDeps) {
  async function report({ before, breaker: after }: BreakerStep, reason?: string): Promise<void> {
    if (before === after.kind) return;
    const details = { from: before, to: after.kind, ...(reason !== undefined && { reason }), ...untilOf(after) };
    logger.warn({ host, ...details }, 'the breaker before the cloud changed');
    await audit.append({ type: 'cloud-breaker-changed', actor: 'talos', subject: host, details });
  }

  async function admit(call: string): Promise<void> {
    const at = now();
    const { isAdmitted, ...step } = await breaker.admit({ call, at });
    if (!isAdmitted) throw paused(host, closedUntil(step.breaker, at) ?? at);
    await report(step).catch(async (thrown: unknown) => {
      await hear(call, { verdict: 'unknown' });
      throw thrown;
    });
  }

  async function hear(call: string, end: CallEnd, reason?: string): Promise<void> {
    try {
      await report(await breaker.hear({ call, at: now(), ...end }), reason);
    } catch (thrown) {
      logger.error({ host, code: toTalosError(thrown).code, err: thrown }, 'the breaker did not hear how a call ended');
    }
  }

  return {
    /** Streams what `run` does unless the breaker forbids it, for as long as a call may last. */
    async *watch<T>(call: string, signal: AbortSignal, run: (signal: AbortSignal) => AsyncIterable<T>) {
      await admit(call);
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(endless(host)), longestCallMs);
      let end: CallEnd = { verdict: 'unknown' };
      let reason: string | undefined;
      try {
        for await (const event of run(AbortSignal.any([signal, limit.signal]))) {
          end = { verdict: 'answered' };
          yield event;
        }
        end = { verdict: 'answered' };
      } catch (thrown) {
        if (!signal.aborted) end = endOf(thrown);
        if (thrown instanceof TalosError) reason = String(thrown.details['reason'] ?? thrown.code);
        throw thrown;
      } finally {
        clearTimeout(timer);
        await hear(call, end, reason);
      }
    },
  };
}

export type CloudGuard = ReturnType<typeof createCloudGuard>;

/** Only what is the cloud's to mend counts; a refusal or a block is an answer. */
function endOf(thrown: unknown): CallEnd {
  if (!(thrown instanceof TalosError)) return { verdict: 'unknown' };
  if (thrown.code === 'CLOUD_REFUSED' || thrown.code === 'CLOUD_BLOCKED') return { verdict: 'answered' };
  if (thrown.code !== 'CLOUD_UNAVAILABLE') return { verdict: 'unknown' };
  const { retryAfterMs } = thrown.details;
  return { verdict: 'failed', ...(typeof retryAfterMs === 'number' && { retryAfterMs }) };
}

function untilOf(breaker: Breaker): { until?: number } {
  return breaker.kind === 'open' ? { until: breaker.until } : {};
}

function paused(host: string, until: number): TalosError {
  const when = new Date(until).toISOString();
  return new TalosError('CLOUD_PAUSED', `Too many calls to ${host} have failed; it is left alone until ${when}.`, {
    details: { until },
  });
}

function endless(host: string): TalosError {
  const minutes = longestCallMs / 60_000;
  return new TalosError('CLOUD_UNAVAILABLE', `The answer of ${host} did not end within ${minutes} minutes.`, {
    details: { reason: 'endless', host },
  });
}
