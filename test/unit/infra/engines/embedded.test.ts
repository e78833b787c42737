import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { embeddedEngine } from '../../../../domain/models/embedded-engine.ts';
import { narrow } from '../../../../infra/engines/embedded.ts';

const folder = new URL('../../../../infra/embedded/', import.meta.url);
const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
const lock: unknown = JSON.parse(readFileSync(new URL('package-lock.json', folder), 'utf8'));

const builds = ['linux-x64', 'linux-arm64'];

describe('the library that runs models inside Talos', () => {
  it('is the version that the code loads', () => {
    expect(manifest).toMatchObject({ dependencies: { 'node-llama-cpp': embeddedEngine.version } });
  });

  it('is locked for every machine, by hash and without an address', () => {
    const { packages } = lock as { packages: Record<string, { integrity?: string; resolved?: string }> };
    for (const [path, { integrity, resolved }] of Object.entries(packages)) {
      expect(resolved, path).toBeUndefined();
      if (path !== '') expect(integrity, path).toMatch(/^sha512-/);
    }
    for (const build of builds) expect(Object.keys(packages)).toContain(`node_modules/@node-llama-cpp/${build}`);
  });

  it.each(builds)('is fetched with the build %s and no other', (build) => {
    const name = `@node-llama-cpp/${build}`;
    const narrowed = narrow(manifest, lock, name);
    expect(narrowed.manifest.dependencies).toEqual({ 'node-llama-cpp': '3.22.1', [name]: '3.22.1' });
    expect(narrowed.manifest).not.toHaveProperty('optionalDependencies');
    const paths = Object.keys(narrowed.lock.packages).filter((path) => path.includes('@node-llama-cpp/'));
    expect(paths).toEqual([`node_modules/${name}`]);
    expect(narrowed.lock.packages[`node_modules/${name}`]).not.toHaveProperty('optional');
  });
});
