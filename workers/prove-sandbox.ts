import { TalosError } from '../domain/errors.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';
import type { Sandbox } from '../domain/skills/ports.ts';
import type { SandboxProof } from '../domain/sandbox/run.ts';

/** Whether a sandbox of this process has been shown to hold. */
export type SandboxState =
  | { readonly isProven: true; readonly proof: SandboxProof }
  | { readonly isProven: false; readonly error: TalosError };

/** Containment is put to the test within this time, or counts as not shown. */
const proofTimeoutMs = 60_000;

/** Puts a sandbox to the test and tells what came of it, never by failing; one that was not shown to hold runs nothing. */
export async function proveSandbox(
  sandbox: Sandbox | undefined,
  { audit, logger }: { audit: AuditLog; logger: Logger },
): Promise<SandboxState> {
  try {
    if (sandbox === undefined) throw new Error('there is no sandbox driver in this process');
    const proof = await sandbox.prove(AbortSignal.timeout(proofTimeoutMs));
    const { driver, version, limits, contained } = proof;
    await audit.append({
      type: 'sandbox-proved',
      actor: 'talos',
      details: { driver, version, limits, contained: contained.length },
    });
    logger.info({ driver, version, limits }, 'sandbox proven');
    return { isProven: true, proof };
  } catch (thrown) {
    const error = unavailable(thrown);
    logger.warn({ code: error.code, err: thrown }, error.message);
    return { isProven: false, error };
  }
}

/** The driver's own words where it has some; they name the fix. */
function unavailable(thrown: unknown): TalosError {
  if (thrown instanceof TalosError) return thrown;
  return new TalosError(
    'SANDBOX_UNAVAILABLE',
    'No sandbox has been shown to hold in this process, so it runs no skills; `talos doctor` says what to do.',
    { cause: thrown },
  );
}
