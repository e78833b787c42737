import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { describe, expect, it } from 'vitest';

import { createOutput, formatProgress, formatTable } from '../../../cli/output.ts';
import { toFailedMessage } from '../../../cli/up-report.ts';
import { TalosError } from '../../../domain/errors.ts';

function capture(isTTY: boolean) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 40 }), text: () => chunks.join('') };
}

type Created = { isTTY?: boolean; isErrTTY?: boolean; isVerbose?: boolean; isPlain?: boolean };

function create({ isTTY = false, isErrTTY = isTTY, isVerbose = false, isPlain = false }: Created = {}) {
  const [out, err] = [capture(isTTY), capture(isErrTTY)];
  return { output: createOutput({ stdout: out.stream, stderr: err.stream, isVerbose, isPlain }), out, err };
}

describe('errors', () => {
  it('are one line with their code, the fix if the line lacks it, and the exit code of their kind', () => {
    const { output, out, err } = create();
    const code = output.fail(new TalosError('PORT_IN_USE', 'Port 1 is in use.', { details: { fix: 'talos down' } }));
    expect(code).toBe(69);
    expect(err.text()).toBe('talos: PORT_IN_USE: Port 1 is in use.\nTo mend it: talos down\n');
    expect(out.text()).toBe('');
  });

  it('do not repeat a fix the message names', () => {
    const { output, err } = create();
    output.fail(new TalosError('NOT_RUNNING', 'Not running; run: talos up', { details: { fix: 'talos up' } }));
    expect(err.text()).toBe('talos: NOT_RUNNING: Not running; run: talos up\n');
  });

  it('of the system, such as a full disk, are told with what the system says', () => {
    const { output, err } = create();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(output.fail(full)).toBe(70);
    expect(err.text()).toContain('no space left on device');
    expect(toFailedMessage(full)).toMatchObject({ message: expect.stringContaining('no space left on device') });
  });

  it('of an unknown kind show neither stack nor cause, unless asked for', () => {
    const secret = new Error('inner cause');
    const quiet = create();
    expect(quiet.output.fail(secret)).toBe(70);
    expect(quiet.err.text()).not.toMatch(/inner cause|\.ts:/);
    const verbose = create({ isVerbose: true });
    verbose.output.fail(secret);
    expect(verbose.err.text()).toMatch(/inner cause[\s\S]*output\.test\.ts:/);
  });
});

describe('output that is lost', () => {
  const program = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

  it('on a full disk is told in one line and is no success', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [program, '--help'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(status).toBe(74);
    expect(stderr).toMatch(/^talos: The output could not be written: ENOSPC[^\n]*\n$/);
  });
});

describe('a line that stands back', () => {
  it.each([
    ['on a terminal', { isTTY: true }, '\u001B[2mby talos-test\u001B[22m\n'],
    ['on a terminal without colours', { isTTY: true, isPlain: true }, 'by talos-test\n'],
    ['in a file beside a terminal', { isTTY: true, isErrTTY: false }, 'by talos-test\n'],
  ])('%s is %j: %j', (_, options, text) => {
    const { output, err } = create(options);
    output.aside('by talos-test');
    expect(err.text()).toBe(text);
  });
});

describe('tables', () => {
  it('align their columns and end without blanks', () => {
    expect(formatTable(['A', 'LONG'], [['alpha', 'b'], ['c']])).toBe('A      LONG\nalpha  b\nc\n');
  });
});

describe('progress', () => {
  it('draws a bar where it knows how far it is', () => {
    expect(formatProgress('redis', 'unpacking', 0.5)).toBe('redis      [##########..........]  50 % unpacking');
    expect(formatProgress('redis', 'starting')).toBe('redis      starting');
    expect(formatProgress('redis', 'x', 7)).toContain('[####################]');
  });

  it('says each step once to a program', () => {
    const { output, err } = create();
    for (const fraction of [0, 0.01, 0.02, 0.3, 0.31, 1]) output.progress('ollama', 'download', { fraction });
    expect(err.text().split('\n').filter(Boolean)).toHaveLength(3);
    expect(err.text()).not.toContain('\u001B');
    output.progress('redis', 'building (1 s): a');
    output.progress('redis', 'building (2 s): b');
    output.progress('redis', 'checking (3 s)');
    expect(err.text().match(/^redis.*$/gm)).toEqual(['redis      building (1 s): a', 'redis      checking (3 s)']);
  });

  it('updates its lines on a terminal, within its width', () => {
    const { output, err } = create({ isTTY: true });
    output.progress('redis', 'x'.repeat(100));
    output.progress('chroma', 'starting');
    output.progress('redis', 'ready');
    const lines = err.text().split('\n');
    expect(Math.max(...lines.map((line) => stripVTControlCharacters(line).length))).toBeLessThan(40);
    expect(err.text()).toContain('\u001B[2A\u001B[2Kredis      ready\n');
  });
});

describe('a reader that went away', () => {
  it('is no error', () => {
    const { out } = create();
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect(() => out.stream.emit('error', closed)).not.toThrow();
    expect(() => out.stream.emit('error', new Error('other'))).toThrow('other');
  });
});
