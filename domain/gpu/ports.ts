import type { GpuReport } from './report.ts';

/** Where the workers that have a GPU tell what it does. What a worker told is forgotten soon after the worker is gone. */
export interface GpuBoard {
  /** Never fails and waits for nothing; the latest report counts. */
  publish(report: GpuReport): void;
  /** Of all workers there are, those in use first. Fails with STORE_UNAVAILABLE. */
  reports(): Promise<GpuReport[]>;
  /** Takes back what this process told. */
  close(): Promise<void>;
}
