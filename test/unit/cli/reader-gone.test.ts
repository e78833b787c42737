import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';

import { createHome, replyJson, serveApi } from './commands/harness.ts';

const program = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));
const run = promisify(execFile);

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>>;

beforeEach(async () => {
  home = await createHome();
  api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { codes: [] }));
});

afterEach(async () => {
  await api.close();
  await home.remove();
});

/** A command with a reader; resolves with what the reader printed and how the command ended, once both have. */
async function pipe(words: string, reader: string, programs = process.env['PATH'] ?? ''): Promise<string> {
  const env = { ...process.env, TALOS_HOME: home.dir, PROGRAMS: programs };
  const script = `set -o pipefail; PATH=$PROGRAMS "${process.execPath}" "${program}" ${words} | ${reader}; echo "ended with $?"`;
  return (await run('bash', ['-c', script], { env })).stdout;
}

describe('what goes on until Ctrl-C', () => {
  it('ends with its reader, also when nothing more comes', async () => {
    const line = JSON.stringify({ time: 1, level: 'info', component: 'api', message: 'the only one' });
    const connected = once(api.logs, 'connection');
    const ended = pipe('logs --follow --json', 'head -n 1');
    const [socket] = (await connected) as [WebSocket];
    socket.send(line);
    expect(await ended).toBe(`${line}\nended with 0\n`);
  });

  it('ends with a reader that wanted nothing', async () => {
    expect(await pipe('codes --follow', 'true')).toBe('ended with 0\n');
  });

  it('ends with its reader at the next line where nothing watches the pipe', async () => {
    const line = JSON.stringify({ time: 1, level: 'info', component: 'api', message: 'one of many' });
    api.logs.on('connection', (socket) => {
      const timer = setInterval(() => socket.send(line), 1);
      socket.once('close', () => clearInterval(timer));
    });
    expect(await pipe('logs --follow --json', 'head -n 1 > /dev/null', '/nowhere')).toBe('ended with 0\n');
  });
});
