import type { JsonObject } from '../../../domain/json.ts';

/** One decision of the proxy, as one line of JSON. Bodies and headers never reach it. */
export type Decision = {
  readonly decision: 'allowed' | 'refused' | 'removed' | 'failed' | 'started' | 'ended';
  /** What was asked, as far as it could be told. */
  readonly call: string;
  readonly container?: string;
  readonly status?: number;
  readonly reason?: string;
};

/** Takes decisions down. */
export type Audit = (decision: Decision) => void;

const maxTextLength = 200;

/** Writes one JSON line for each decision; texts of callers are cut, and JSON keeps them on their line. */
export function createAudit(write: (line: string) => void, now: () => Date): Audit {
  return (decision) => {
    const cut = Object.entries(decision).map(([key, value]) => [
      key,
      typeof value === 'string' ? value.slice(0, maxTextLength) : value,
    ]);
    const line: JsonObject = { time: now().toISOString(), ...Object.fromEntries(cut) };
    write(`${JSON.stringify(line)}\n`);
  };
}
