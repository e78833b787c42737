import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

const powers = { call: () => Promise.resolve(null), egress: () => [] };
const files = { 'main.js': 'export default () => 1;' };
const limits = { timeoutMs: 5000, memoryMiB: 128, outputBytes: 1024 };
const request = { runId: 'r', language: 'js', files, entry: 'main.js', input: null, limits, until: 'whole' } as const;

/** A folder with a bwrap that does what a script says. */
function fakeBubblewrap(script: string): string {
  const folder = scratchFolder();
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

describe('bubblewrap that goes bad after it has held', () => {
  it('is put to the test again, which says what mends it, and runs once it is mended', async () => {
    const whole = 'PATH=/usr/local/bin:/usr/bin:/bin exec bwrap "$@"';
    const folder = fakeBubblewrap(whole);
    const sandbox = createSandbox(createBubblewrapDriver({ path: folder }), { size: 0 });
    const signal = AbortSignal.timeout(30_000);
    try {
      await sandbox.prove(signal);
      await expect(sandbox.run(request, powers, signal)).resolves.toMatchObject({ verdict: 'ok' });
      writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\necho bubblewrap 0.6.1\n');
      await expect(sandbox.run(request, powers, signal)).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
      await expect(sandbox.prove(signal)).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
      await expect(sandbox.run(request, powers, signal)).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
      writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\n${whole}\n`);
      await sandbox.prove(signal);
      await expect(sandbox.run(request, powers, signal)).resolves.toMatchObject({ verdict: 'ok' });
    } finally {
      await sandbox.close();
    }
  });
});

describe('bubblewrap where the machine is short of descriptors', () => {
  it('fails those runs as broken sandboxes, and goes on afterwards', async () => {
    const program = fileURLToPath(new URL('few-descriptors-process.ts', import.meta.url));
    const limited = 'ulimit -n 200 && exec "$0" "$1"';
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', limited, process.execPath, program]);
    expect(JSON.parse(stdout)).toEqual([['SANDBOX_FAILED'], 'ok']);
  });
});

describe('bubblewrap where it cannot be used', () => {
  it.each([
    ['is not installed', scratchFolder(), /apt-get install -y bubblewrap/],
    ['is too old', fakeBubblewrap('echo bubblewrap 0.6.1'), /0\.6\.1 is older/],
    [
      'is refused namespaces',
      fakeBubblewrap(
        '[ "$1" = --version ] && echo bubblewrap 0.9.0 || { echo "bwrap: setting up uid map: Permission denied" >&2; exit 1; }',
      ),
      /bwrap said: .*uid map: Permission denied.*Run: /,
    ],
    [
      'hides the sandbox from those who count its files',
      fakeBubblewrap('[ "$1" = --version ] && echo bubblewrap 0.9.0 || { echo ready; exec sleep 60; }'),
      /its files cannot be counted .*Run: SANDBOX_DRIVER=docker/,
    ],
  ])('because it %s says so, and runs nothing', async (_, path, message) => {
    const sandbox = createSandbox(createBubblewrapDriver({ path, useCgroups: false }));
    try {
      await expect(sandbox.prove(AbortSignal.timeout(30_000))).rejects.toMatchObject({
        code: 'SANDBOX_UNAVAILABLE',
        message: expect.stringMatching(message) as string,
      });
      await expect(sandbox.run(request, powers, AbortSignal.timeout(5000))).rejects.toMatchObject({
        code: 'SANDBOX_UNAVAILABLE',
      });
    } finally {
      await sandbox.close();
    }
  });
});
