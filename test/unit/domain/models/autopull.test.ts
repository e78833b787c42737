import { describe, expect, it } from 'vitest';

import { autopullOrder, leadsOut, missingModels } from '../../../../domain/models/autopull.ts';
import { formatBytes } from '../../../../domain/format-bytes.ts';
import { assertRoom } from '../../../../domain/models/room.ts';

const wanted = { starter: 'qwen2.5-coder:0.5b', chat: 'qwen2.5-coder:7b', embedding: 'nomic-embed-text' };
const installed = (...names: string[]) => names.map((name) => ({ name, digest: 'd', sizeBytes: 1 }));
const missing = (...names: string[]) => missingModels(autopullOrder(wanted), installed(...names), wanted);

describe('what a machine pulls by itself', () => {
  it('is the small model first', () => {
    expect(missing()).toEqual(['qwen2.5-coder:0.5b', 'qwen2.5-coder:7b', 'nomic-embed-text']);
  });

  it('is nothing that is there, whatever its tag says', () => {
    expect(missing('qwen2.5-coder:0.5b', 'nomic-embed-text:latest')).toEqual(['qwen2.5-coder:7b']);
  });

  it('is no small model once the real one is there', () => {
    expect(missing('qwen2.5-coder:7b')).toEqual(['nomic-embed-text']);
  });

  it('is no built-in model, and none twice', () => {
    expect(autopullOrder({ starter: 'mistral', chat: 'mistral:latest', embedding: 'talos-test-embed' })).toEqual([
      'mistral',
    ]);
  });

  it('is nothing that is there under a longer name, and a name keeps the way to its registry', () => {
    const local = 'http://127.0.0.1:5000/library/tiny';
    const longer = { starter: 'registry.ollama.ai/library/mistral:7b', chat: local, embedding: 'library/nomic' };
    expect(autopullOrder(longer)).toEqual(['mistral:7b', local, 'nomic']);
    const there = installed('mistral:7b', '127.0.0.1:5000/library/tiny:latest', 'nomic:latest');
    expect(missingModels(autopullOrder(longer), there, longer)).toEqual([]);
  });
});

describe('a machine leads out', () => {
  const loopback = { internal: true };
  const card = { internal: false };
  it.each([
    [{}, false],
    [{ lo: [loopback, loopback] }, false],
    [{ lo: [loopback], eth0: [] }, false],
    [{ lo: [loopback], eth0: undefined }, false],
    [{ lo: [loopback], eth0: [card] }, true],
  ])('by %j: %s', (interfaces, expected) => {
    expect(leadsOut(interfaces)).toBe(expected);
  });
});

describe('room on a disk', () => {
  it('is enough when what is to come fits and something stays free', () => {
    expect(() => assertRoom(1e9, 2e9)).not.toThrow();
    expect(() => assertRoom(1e12, undefined)).not.toThrow();
  });

  it('is too little when nothing would stay free, and what is missing is named', () => {
    expect(() => assertRoom(1e9, 1e9)).toThrow(
      expect.objectContaining({ code: 'DISK_FULL', message: expect.stringContaining('lacks 268 MB') }),
    );
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [4_700_000_000, '4.7 GB'],
    [123_456_789, '123 MB'],
    [9e15, '9.0 PB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
