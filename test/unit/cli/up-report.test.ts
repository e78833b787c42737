import { Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { createOutput } from '../../../cli/output.ts';
import {
  fromFailedMessage,
  reportToParent,
  reportToTerminal,
  toFailedMessage,
  UpMessage,
} from '../../../cli/up-report.ts';
import { TalosError } from '../../../domain/errors.ts';

const silent = { stdout: new Writable(), stderr: new Writable(), isVerbose: false };

describe('the report of a detached start', () => {
  it('carries every kind of news as plain JSON', () => {
    const sent: unknown[] = [];
    const report = reportToParent((message) => sent.push(JSON.parse(JSON.stringify(message))));
    report.progress('redis', 'starting');
    report.progress('ollama', 'download', { fraction: 0.5 });
    report.note('a note');
    report.ready(['line']);
    expect(sent.map((message) => UpMessage.parse(message))).toEqual([
      { type: 'progress', name: 'redis', text: 'starting' },
      { type: 'progress', name: 'ollama', text: 'download', fraction: 0.5 },
      { type: 'note', text: 'a note' },
      { type: 'ready', lines: ['line'] },
    ]);
  });

  it('carries an error so that the waiting side fails the same way', () => {
    const error = new TalosError('PORT_IN_USE', 'Port 1 is in use', { details: { port: 1, fix: 'x' } });
    const message = UpMessage.parse(JSON.parse(JSON.stringify(toFailedMessage(error))));
    if (message.type !== 'failed') throw new Error('not a failure');
    expect(fromFailedMessage(message)).toEqual(error);
    expect(fromFailedMessage({ ...message, code: 'UNHEARD_OF' }).code).toBe('INTERNAL');
  });
});

describe('the report to a terminal', () => {
  it('tells of a child that ends and comes back, not of its first start', () => {
    const said: string[] = [];
    const report = reportToTerminal({ ...createOutput(silent), note: (text) => said.push(text) });
    const child = { name: 'redis', since: 0, restarts: 0 };
    report.child({ ...child, state: 'starting' });
    report.child({ ...child, state: 'ready' });
    report.child({ ...child, state: 'restarting', reason: 'was ended by SIGKILL' });
    report.child({ ...child, state: 'starting' });
    report.child({ ...child, state: 'ready' });
    expect(said).toEqual(['redis was ended by SIGKILL; starting it again', 'redis is ready again']);
  });
});
