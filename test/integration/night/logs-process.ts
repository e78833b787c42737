import { createLogsPhase } from '../../../adapters/night/logs-phase.ts';

/** A process that tidies a folder of logs, for tests that kill it. */
const [dir = '', now = ''] = process.argv.slice(2);
const work = createLogsPhase({ folders: [{ dir, keepDays: 30 }], now: () => Number(now) });
process.stdout.write('begins\n');
await work({ signal: new AbortController().signal, tell: () => undefined });
