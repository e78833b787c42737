import { once } from 'node:events';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';

import { addLogsCommand } from '../../../../cli/commands/logs.ts';
import { createHome, serveApi } from './harness.ts';
import { withoutRoot } from '../../../support/without-root.ts';

let home: Awaited<ReturnType<typeof createHome>>;

beforeEach(async () => {
  home = await createHome();
});

afterEach(() => home.remove());

const logs = (...words: string[]) => home.run(addLogsCommand, ['logs', ...words]);

function line(...[time, level, component, message, more]: [number, string, string, string, object?]): string {
  return `${JSON.stringify({ time, level, component, message, ...more })}\n`;
}

async function plantLogs(): Promise<void> {
  const dir = `${home.dir}/logs/tier2`;
  const first = line(1000, 'info', 'api', 'one') + line(3000, 'warn', 'api', 'three', { correlationId: 'c.1', ms: 5 });
  await writeFile(`${dir}/api.2026-01-02.1.log`, first + line(5000, 'debug', 'api', 'five'));
  await writeFile(
    `${dir}/worker-gpu.2026-01-02.1.log`,
    line(2000, 'info', 'worker-gpu', 'two') + line(4000, 'error', 'worker-gpu', 'four'),
  );
  await writeFile(`${dir}/redis.log`, '12:M * Ready to accept connections\n{"half');
}

describe('talos logs', () => {
  it('prints what all components wrote, by time, also with Talos down', async () => {
    await plantLogs();
    const { code, stdout } = await logs();
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      '1970-01-01T00:00:01.000Z  INFO   api  one',
      '1970-01-01T00:00:02.000Z  INFO   worker-gpu  two',
      '1970-01-01T00:00:03.000Z  WARN   api  three  correlationId=c.1  ms=5',
    ]);
  });

  it('passes over a file that is gone once it was listed', async () => {
    await plantLogs();
    await symlink('/nowhere', `${home.dir}/logs/tier2/old.log`);
    expect(await logs('--lines', '1')).toMatchObject({ code: 0, stdout: expect.stringContaining('five') });
  });

  it('does not call the logs of another user empty', async () => {
    await chmod(`${home.dir}/logs/tier2`, 0);
    expect(await withoutRoot(logs)).toMatchObject({ code: 77, stdout: '', stderr: expect.stringContaining('EACCES') });
    await chmod(`${home.dir}/logs/tier2`, 0o700);
  });

  it('says when there is nothing to print', async () => {
    expect(await logs()).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('no such line in') });
  });

  it.each([
    [
      ['--level', 'warn'],
      ['three', 'four'],
    ],
    [
      ['--component', 'worker-gpu'],
      ['two', 'four'],
    ],
    [
      ['--lines', '2'],
      ['four', 'five'],
    ],
    [['--lines', '0'], []],
    [['--level', 'error', '--component', 'api'], []],
  ])('with %j prints %j', async (words, messages) => {
    await plantLogs();
    const { stdout } = await logs('--json', ...words);
    const printed = stdout.split('\n').filter((text) => text !== '');
    expect(printed.map((text) => (JSON.parse(text) as { message: string }).message)).toEqual(messages);
  });

  it.each([[['--level', 'loud']], [['--lines', 'many']], [['--lines', '-1']]])('refuses %j', async (words) => {
    expect((await logs(...words)).code).toBe(64);
  });

  it('shows no control characters, and a message of several lines as one', async () => {
    await writeFile(`${home.dir}/logs/tier2/api.1.log`, line(0, 'info', 'api', 'a\u001b[2Jb\nc'));
    expect((await logs()).stdout).toBe('1970-01-01T00:00:00.000Z  INFO   api  a\ufffd[2Jb | c\n');
  });

  it('follows a running Talos with the filter it was given', async () => {
    const api = await serveApi(home.socket, (_request, response) => response.writeHead(404).end());
    const connected = once(api.logs, 'connection');
    const stop = new AbortController();
    const words = ['logs', '--follow', '--level', 'info', '--component', 'api', '--lines', '7', '--json'];
    const running = home.run(addLogsCommand, words, { interrupted: stop.signal });
    const [socket, request] = (await connected) as [WebSocket, IncomingMessage];
    api.logs.once('connection', () => stop.abort()); // once all that was sent has come
    socket.send('not a line');
    socket.send(line(1, 'info', 'api', 'live'));
    socket.close();
    const { code, stdout } = await running;
    await api.close();
    expect(request.url).toBe('/ws/logs?level=info&backfill=7&component=api');
    expect({ code, stdout }).toEqual({ code: 0, stdout: line(1, 'info', 'api', 'live') });
  });

  it('asks for no more lines from before than a running Talos gives', async () => {
    const api = await serveApi(home.socket, (_request, response) => response.writeHead(404).end());
    const connected = once(api.logs, 'connection');
    const stop = new AbortController();
    const running = home.run(addLogsCommand, ['logs', '--follow', '--lines', '2000'], { interrupted: stop.signal });
    const [, request] = (await connected) as [WebSocket, IncomingMessage];
    stop.abort();
    const { stderr } = await running;
    await api.close();
    expect(new URL(request.url ?? '', 'http://localhost').searchParams.get('backfill')).toBe('1000');
    expect(stderr).toContain('1000 lines');
  });

  it('does not take a Talos that refuses for one that is not running', async () => {
    const server = createServer().on('upgrade', (_request, socket) => socket.end('HTTP/1.1 429 Too Many\r\n\r\n'));
    server.listen(home.socket);
    await once(server, 'listening');
    const { code, stderr } = await logs('--follow');
    server.close();
    expect(code).not.toBe(0);
    expect(stderr).toContain('429');
    expect(stderr).not.toContain('not running');
  });

  it('shows the last lines when there is nothing to follow', async () => {
    await plantLogs();
    const { code, stdout, stderr } = await logs('--follow', '--lines', '1', '--json');
    expect({ code, stdout }).toEqual({ code: 0, stdout: line(5000, 'debug', 'api', 'five') });
    expect(stderr).toContain('not running');
  });
});
