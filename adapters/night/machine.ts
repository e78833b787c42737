import { stat, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { DiskUse, MachineLoad } from '../../domain/night/health.ts';

/** The processor is watched for so long. */
const watchedMs = 500;

/** Reads how busy this machine is. */
export async function readMachine(signal: AbortSignal): Promise<MachineLoad> {
  const before = processorTimes();
  await pause(watchedMs, undefined, { signal });
  const after = processorTimes();
  const total = after.total - before.total;
  const [load = 0] = loadavg();
  return {
    cpuPercent: total > 0 ? percent(1 - (after.idle - before.idle) / total) : 0,
    memoryPercent: percent(1 - freemem() / totalmem()),
    loadPerCore: Math.round((load / availableParallelism()) * 100) / 100,
  };
}

/** Reads how full the disks are on which folders lie, each disk once; `folders` by what they hold. */
export async function readDisks(folders: Readonly<Record<string, string>>): Promise<DiskUse[]> {
  const byDisk = new Map<number, { names: string[]; path: string }>();
  for (const [name, wanted] of Object.entries(folders)) {
    const { path, device } = await nearest(wanted);
    const disk = byDisk.get(device);
    if (disk === undefined) byDisk.set(device, { names: [name], path });
    else disk.names.push(name);
  }
  return Promise.all([...byDisk.values()].map(({ names, path }) => readDisk(names.join(' and '), path)));
}

async function readDisk(holds: string, path: string): Promise<DiskUse> {
  const { blocks, bavail, bsize, bfree } = await statfs(path);
  // As df counts: what only the superuser may use is neither used nor free.
  const used = blocks - bfree;
  return { holds, percent: percent(used / Math.max(1, used + bavail)), freeBytes: bavail * bsize };
}

/** The folder, or the nearest one above it that is there. */
async function nearest(path: string): Promise<{ path: string; device: number }> {
  try {
    return { path, device: (await stat(path)).dev };
  } catch (error) {
    if (dirname(path) === path) throw error;
    return nearest(dirname(path));
  }
}

/** Milliseconds over all processors. */
function processorTimes(): { idle: number; total: number } {
  const times = cpus().map((processor) => processor.times);
  const total = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), total };
}

function percent(fraction: number): number {
  return Math.round(Math.min(1, Math.max(0, fraction)) * 1000) / 10;
}
