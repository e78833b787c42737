import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { MessageState } from '../domain/chat.ts';

/** One answered request; `route` is the pattern, never the address with its ids. */
export type ServedRequest = { readonly method: string; readonly route: string; readonly status: number };

/** Figures of this process for Prometheus. */
export function createTraffic() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'talos_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'talos_http_request_duration_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
    registers,
  });
  const messages = new Counter({
    name: 'talos_messages_total',
    help: 'Outcomes of POST /chat; pending is an answer that outlived the wait',
    labelNames: ['outcome'],
    registers,
  });
  const gauges = new Map<string, Gauge>();

  return {
    /** Media type of `exposition`. */
    contentType: registry.contentType,

    countRequest({ method, route, status }: ServedRequest, seconds: number): void {
      requests.inc({ method, route, status });
      durations.observe({ method, route }, seconds);
    },

    countMessage(outcome: MessageState): void {
      messages.inc({ outcome });
    },

    /** Everything as Prometheus text, with these gauges as they are now. */
    async exposition(values: Readonly<Record<string, { help: string; value: number }>>): Promise<string> {
      for (const [name, { help, value }] of Object.entries(values)) {
        const gauge = gauges.get(name) ?? new Gauge({ name, help, registers });
        gauges.set(name, gauge);
        gauge.set(value);
      }
      return registry.metrics();
    },
  };
}

export type Traffic = ReturnType<typeof createTraffic>;
