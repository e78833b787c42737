import { cpus, freemem, totalmem } from 'node:os';

/** How busy this machine is, each from 0 to 100. */
export type SystemLoad = { readonly cpu_percent: number; readonly mem_percent: number };

/** Reads the load; the processor's is the mean since the last reading, at first since this was created. */
export function createSystemLoad(): () => SystemLoad {
  let last = processorTimes();
  return () => {
    const times = processorTimes();
    const total = times.total - last.total;
    const busy = total - (times.idle - last.idle);
    if (total > 0) last = times;
    return {
      cpu_percent: total > 0 ? percent(busy / total) : 0,
      mem_percent: percent(1 - freemem() / totalmem()),
    };
  };
}

/** Milliseconds over all processors. */
function processorTimes(): { idle: number; total: number } {
  const times = cpus().map((processor) => processor.times);
  const total = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), total };
}

function percent(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
}
