import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readSandboxContainerBody, sandboxContainerBody } from '../../../../domain/sandbox/container.ts';

const container = fc.record({
  runtime: fc.constantFrom('node' as const, 'python' as const),
  memoryMiB: fc.integer({ min: 32, max: 1024 }),
});

describe('the body of a sandbox container', () => {
  test('says which container it is for', () => {
    fc.assert(
      fc.property(container, (wanted) => {
        expect(readSandboxContainerBody(JSON.stringify(sandboxContainerBody(wanted)))).toEqual(wanted);
      }),
    );
  });

  test('with any part replaced is that of another container or of none', () => {
    const change = fc.record({
      at: fc.nat(),
      length: fc.nat({ max: 20 }),
      text: fc.string({ maxLength: 20, unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(container, change, (wanted, { at, length, text }) => {
        const body = JSON.stringify(sandboxContainerBody(wanted));
        const start = at % body.length;
        const changed = body.slice(0, start) + text + body.slice(start + length);
        const read = readSandboxContainerBody(changed);
        if (read !== undefined) expect(JSON.stringify(sandboxContainerBody(read))).toBe(changed);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['too little memory', 31],
    ['too much memory', 1025],
    ['half a MiB', 64.5],
  ])('with %s is none', (_name, memoryMiB) => {
    expect(
      readSandboxContainerBody(JSON.stringify(sandboxContainerBody({ runtime: 'node', memoryMiB }))),
    ).toBeUndefined();
  });

  test('is confined', () => {
    expect(sandboxContainerBody({ runtime: 'node', memoryMiB: 64 })).toMatchObject({
      User: '65534:65534',
      NetworkDisabled: true,
      HostConfig: {
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges', 'seccomp=talos-sandbox'],
        Memory: 134_217_728,
        MemorySwap: 134_217_728,
        PidsLimit: 64,
        LogConfig: { Type: 'none' },
      },
    });
  });
});
