import { createSupervisor } from '../../../infra/supervisor.ts';
import { fakeChild } from './fake-child.ts';

/** Runs one child with a grandchild under a supervisor, says so, and goes on until somebody ends this process. */
const folder = process.argv[2] ?? '';
const supervisor = createSupervisor({
  logDir: folder,
  environment: { PATH: process.env['PATH'] ?? '' },
  onChange: () => undefined,
});
await supervisor.start(
  fakeChild(
    folder,
    'engine',
    'echo $$ >$FOLDER/child; sleep 1000 & echo $! >$FOLDER/grandchild; setsid sleep 1000 & echo $! >$FOLDER/escaped; touch $READY; wait',
  ),
  0,
);
if (process.argv[3] === 'stop-on-signal') {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    process.once(signal, () => void supervisor.stop().then(() => process.exit(0)));
  }
}
setInterval(() => undefined, 60_000);
process.stdout.write(`guard ${supervisor.guard?.pid}\n`);
