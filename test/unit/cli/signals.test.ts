import { EventEmitter } from 'node:events';

import { describe, expect, it } from 'vitest';

import { createInterruption } from '../../../cli/signals.ts';

function fakeProcess() {
  const exits: unknown[] = [];
  const target = Object.assign(new EventEmitter(), { exit: (code: unknown) => exits.push(code) });
  return { target: target as unknown as NodeJS.Process, emit: (name: string) => target.emit(name), exits };
}

describe('an interruption', () => {
  it('leaves signals alone until a command asks for it', () => {
    const { target } = fakeProcess();
    createInterruption(target);
    expect(target.listenerCount('SIGINT')).toBe(0);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
    'is told by the first %s, and a Ctrl-C after it ends the process',
    (name) => {
      const { target, emit, exits } = fakeProcess();
      const interrupted = createInterruption(target);
      const signal = interrupted();
      expect(interrupted()).toBe(signal);
      expect(signal.aborted).toBe(false);
      emit(name);
      expect({ aborted: signal.aborted, exits }).toEqual({ aborted: true, exits: [] });
      emit('SIGINT');
      expect(exits).toEqual([130]);
    },
  );

  it.each(['SIGTERM', 'SIGHUP'])(
    'leaves an orderly end alone when %s comes twice, as from a closed terminal',
    (name) => {
      const { target, emit, exits } = fakeProcess();
      createInterruption(target)();
      emit(name);
      emit(name);
      expect(exits).toEqual([]);
    },
  );
});
