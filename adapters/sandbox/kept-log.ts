const keptBytes = 65_536;

/** The newest output of a skill. */
export type KeptLog = {
  /** All bytes so far, also those that were dropped. */
  readonly written: number;
  add(bytes: Buffer): void;
  text(): string;
};

/** Keeps the newest 64 KiB of what is added, without ever holding much more. */
export function createKeptLog(): KeptLog {
  let chunks: Buffer[] = [];
  let held = 0;
  let written = 0;
  const join = (): Buffer => Buffer.concat(chunks).subarray(-keptBytes);
  return {
    get written() {
      return written;
    },
    add(bytes) {
      chunks.push(bytes);
      held += bytes.length;
      written += bytes.length;
      if (held <= 2 * keptBytes && chunks.length < 1000) return;
      chunks = [Buffer.from(join())];
      held = chunks[0]?.length ?? 0;
    },
    text: () => join().toString('utf8').trim(),
  };
}
