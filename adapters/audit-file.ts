import type { KeyObject } from 'node:crypto';

import { type AuditReceipt, checkEvent } from '../domain/audit/entry.ts';
import { TalosError } from '../domain/errors.ts';
import type { AuditLog } from '../domain/ports.ts';
import { createAuditSigner } from './audit-file-crypto.ts';
import {
  type EntryContent,
  type OpenSegment,
  type SegmentDeps,
  startSegment,
  writeEntries,
} from './audit-file-segment.ts';
import { isOnRecord } from './audit-file-search.ts';

/** A segment that has grown past this is closed and the next one started, so that verifying never needs much memory. */
const defaultSegmentBytes = 32 * 1024 * 1024;

type AuditFileOptions = {
  readonly dir: string;
  /** Name of the process, part of the file name and actor of start and end. */
  readonly process: string;
  /** The Ed25519 node key. */
  readonly privateKey: KeyObject;
  readonly now: () => number;
  /** Eight hex digits, new at every call. */
  readonly random: () => string;
  readonly maxSegmentBytes?: number;
};

type Waiting = {
  readonly content: EntryContent;
  resolve(receipt: AuditReceipt): void;
  reject(error: TalosError): void;
};

/**
 * Opens the log for one process, which writes segments of its own. When the first segment cannot be started (a full disk), the log
 * opens all the same: every append then tries again and fails with AUDIT_UNAVAILABLE until it can.
 */
export async function openAuditLog(options: AuditFileOptions): Promise<AuditLog> {
  const writer = new AuditFile(options);
  await writer.start();
  return writer;
}

class AuditFile implements AuditLog {
  readonly #deps: SegmentDeps;
  readonly #maxSegmentBytes: number;
  readonly #waiting: Waiting[] = [];
  #segment: OpenSegment | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor({ dir, process, privateKey, now, random, maxSegmentBytes }: AuditFileOptions) {
    this.#deps = { dir, process, now, random, signer: createAuditSigner(privateKey) };
    this.#maxSegmentBytes = maxSegmentBytes ?? defaultSegmentBytes;
  }

  async start(): Promise<void> {
    this.#segment = await startSegment(this.#deps).catch(() => undefined); // the first append tells why
  }

  async append(event: Parameters<AuditLog['append']>[0]): Promise<AuditReceipt> {
    const { type, actor, subject, details } = checkEvent(event);
    if (this.#isClosed) throw unavailable(this.#deps.dir, 'it is closed');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ content: { type, actor, subject, details }, resolve, reject });
      this.#writing ??= this.#writeWaiting();
    });
  }

  async appendOnce(event: Parameters<AuditLog['append']>[0], since: number): Promise<void> {
    const { dir } = this.#deps;
    const isThere = await isOnRecord(dir, checkEvent(event), since).catch((cause: unknown) => {
      throw unavailable(dir, reasonOf(cause), cause);
    });
    if (!isThere) await this.append(event);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writing;
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) await this.#end(segment);
  }

  /** Writes what waits, everything that came during one write together in the next. */
  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        await this.#write(batch);
      } catch (error) {
        const refusal = unavailable(this.#deps.dir, reasonOf(error), error);
        for (const waiting of batch) waiting.reject(refusal);
      }
    }
    this.#writing = undefined;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const segment = (this.#segment ??= await startSegment(this.#deps));
    try {
      const entries = await writeEntries(
        segment,
        batch.map(({ content }) => content),
        this.#deps,
      );
      for (const [index, { seq, hash }] of entries.entries()) {
        batch[index]?.resolve({ segment: segment.head.segment, seq, hash });
      }
    } catch (error) {
      // What of the batch is on disk is unknown: the segment stays as it is, its torn last line included, and the next append starts another.
      this.#segment = undefined;
      await segment.file.close();
      throw error;
    }
    if (segment.bytes < this.#maxSegmentBytes) return;
    this.#segment = undefined;
    await this.#end(segment);
  }

  async #end(segment: OpenSegment): Promise<void> {
    const details = { entries: segment.head.seq };
    const end: EntryContent = { type: 'log-end', actor: this.#deps.process, subject: undefined, details };
    try {
      await writeEntries(segment, [end], this.#deps);
    } catch {
      // A full disk takes no end; the segment then counts as open, and every acknowledged entry is there.
    } finally {
      await segment.file.close();
    }
  }
}

function unavailable(dir: string, reason: string, cause?: unknown): TalosError {
  return new TalosError('AUDIT_UNAVAILABLE', `The audit log in ${dir} cannot be written: ${reason}.`, { cause });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full; free some space and try again';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'this user may not write there; check its owner and mode';
  return error instanceof Error ? error.message : String(error);
}
