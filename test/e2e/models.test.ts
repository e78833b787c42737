import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createHome, isAlive, type TestHome } from '../support/home.ts';
import { modelFile } from '../support/model-file.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

type Listed = { models: { name: string; usedFor: string[] }[]; pulls: { model: string; percent: number }[] };

describe('an owner of models', () => {
  let home: TestHome;
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ 'tiny:latest': modelFile(6_000_000), 'other:latest': modelFile(300_000) });
    home = await createHome();
    await home.talos('up', '--detach');
    await vi.waitUntil(listed, { timeout: 120_000, interval: 500 });
  });
  afterAll(async () => {
    await home.remove();
    await registry.close();
  });

  /** Undefined while the model server is not there. */
  async function listed(): Promise<Listed | undefined> {
    return home.talos('models', 'ls', '--json').then(
      ({ stdout }) => JSON.parse(stdout) as Listed,
      () => undefined,
    );
  }

  it('pulls a model, uses it, goes back, and removes it', async () => {
    const name = registry.listed('other:latest');
    const { stdout, stderr } = await home.talos('models', 'pull', registry.name('other'));
    expect(stdout).toContain(`${name} is installed`);
    expect(stderr).toContain('100 %');
    await home.talos('models', 'use', name);
    await expect
      .poll(async () => (await home.chat('hello')).body['model'], { timeout: 20_000 })
      .toBe(name.replace(':latest', ''));
    await expect(home.talos('models', 'rm', name)).rejects.toMatchObject({ code: 64 });
    await home.talos('models', 'use', 'talos-test');
    await home.talos('models', 'rm', name);
    expect((await listed())?.models.map((model) => model.name)).not.toContain(name);
  });

  it('is told why a model does not come', async () => {
    await expect(home.talos('models', 'pull', registry.name('nobody'))).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining('has no model'),
    });
    await expect(home.talos('models', 'pull', 'http://registry.example/library/tiny')).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining('without TLS'),
    });
  });

  it('gets the model although everything is killed while it comes', async () => {
    registry.faults.bytesPerSecond = 300_000;
    const pulling = home.start('models', 'pull', registry.name());
    let shown = '';
    pulling.stderr.on('data', (text) => (shown += String(text)));
    await expect.poll(() => shown, { timeout: 30_000 }).toMatch(/\[#*\.+\] +\d+ % 6\.0 MB \(/);
    await expect.poll(async () => (await listed())?.pulls[0]?.percent ?? 0, { timeout: 30_000 }).toBeGreaterThan(20);
    expect((await home.talos('doctor').catch((error: { stdout: string }) => error)).stdout).toContain('chat model');

    const { pid, children } = await home.status();
    const pids = [pid, ...children.flatMap((child) => child.pid ?? [])];
    for (const victim of pids) process.kill(victim, 'SIGKILL');
    await expect.poll(() => pids.filter(isAlive), { timeout: 30_000 }).toEqual([]);

    delete registry.faults.bytesPerSecond;
    await home.talos('up', '--detach');
    const { stdout } = await home.talos('models', 'pull', registry.name());
    expect(stdout).toContain(`${registry.listed()} is installed`);
    expect((await listed())?.models.map(({ name }) => name)).toContain(registry.listed());
    expect((await home.talos('audit', 'verify')).stdout).not.toContain('broken');
  });
});
