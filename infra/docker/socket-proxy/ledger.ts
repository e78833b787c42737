/** What the proxy knows of a container it made. Times in ms of the ledger's clock. */
type Entry = { readonly createdAt: number; attachedAt?: number; endedAt?: number };

/** How many containers may be, and for how long. */
export type LedgerLimits = {
  readonly maxLive: number;
  /** A container nobody has attached to by then is nobody's. */
  readonly attachWithinMs: number;
  /** A container whose program has ended is kept this long, so that its end can be read. */
  readonly keepEndedMs: number;
  readonly maxAgeMs: number;
};

/** The containers this process has made and not yet removed: the only ones anybody may speak of. */
export type Ledger = {
  /** Takes a place for a container to be; false when there is none left. Each place ends with `keep` or `giveBack`. */
  reserve(): boolean;
  keep(id: string): void;
  giveBack(): void;
  /** Whether a container is being made whose id is not known yet. */
  isReserving(): boolean;
  owns(id: string): boolean;
  /** Takes the one attachment a container may have; false when somebody had it. */
  attach(id: string): boolean;
  ended(id: string): void;
  forget(id: string): void;
  /** Those whose time is over. */
  overdue(): string[];
  all(): string[];
};

/** Makes an empty ledger. */
export function createLedger(limits: LedgerLimits, now: () => number): Ledger {
  const entries = new Map<string, Entry>();
  let reserved = 0;
  const isOverdue = ({ createdAt, attachedAt, endedAt }: Entry): boolean => {
    const time = now();
    if (time - createdAt > limits.maxAgeMs) return true;
    if (endedAt !== undefined) return time - endedAt > limits.keepEndedMs;
    return attachedAt === undefined && time - createdAt > limits.attachWithinMs;
  };
  return {
    reserve() {
      if (entries.size + reserved >= limits.maxLive) return false;
      reserved += 1;
      return true;
    },
    keep(id) {
      reserved -= 1;
      entries.set(id, { createdAt: now() });
    },
    giveBack() {
      reserved -= 1;
    },
    isReserving: () => reserved > 0,
    owns: (id) => entries.has(id),
    attach(id) {
      const entry = entries.get(id);
      if (entry === undefined || entry.attachedAt !== undefined) return false;
      entry.attachedAt = now();
      return true;
    },
    ended(id) {
      const entry = entries.get(id);
      if (entry !== undefined) entry.endedAt ??= now();
    },
    forget(id) {
      entries.delete(id);
    },
    overdue: () => [...entries].filter(([, entry]) => isOverdue(entry)).map(([id]) => id),
    all: () => [...entries.keys()],
  };
}
