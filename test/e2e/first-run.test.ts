import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, isAlive, type TestHome } from '../support/home.ts';

describe('a newcomer', () => {
  let home: TestHome;
  let upOutput = '';
  beforeAll(async () => {
    home = await createHome();
    upOutput = (await home.talos('up', '--detach')).stdout;
  });
  afterAll(() => home.remove());

  it('is told the address and, once, the password, which lies in a file of mode 600', async () => {
    expect(upOutput).toContain(home.url);
    const password = /password (\S+) \(shown this once/.exec(upOutput)?.[1] ?? '';
    expect(password.length).toBeGreaterThanOrEqual(16);
    const file = `${home.dir}/config/talos.env`;
    expect(await readFile(file, 'utf8')).toContain(password);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('gets an answer over HTTP, labelled as the built-in test model', async () => {
    const { status, body } = await home.chat('hello');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      response: 'Hello from the built-in test model.',
      model: 'talos-test',
      route: 'local',
    });
    expect(body['notice']).toContain('talos models pull');
  });

  it('finds the message in Temporal by a readable summary without its text', async () => {
    await home.chat('a very secret question', { conversation: 'readable', key: 'one' });
    const ui = `http://127.0.0.1:${home.base + 4}/api/v1/namespaces/talos/workflows?query=${encodeURIComponent("WorkflowId = 'message/readable/one'")}`;
    await expect
      .poll(async () => JSON.stringify(await (await fetch(ui)).json()), { timeout: 10_000 })
      .toContain('message/readable/one');
    expect(JSON.stringify(await (await fetch(ui)).json())).not.toContain('secret');
  });

  it('chats on the command line, and the conversation is kept', async () => {
    expect((await home.talos('chat', 'hello')).stdout).toContain('Hello from the built-in test model.');
    const second = JSON.parse((await home.talos('chat', '--json', 'hello')).stdout) as { conversation: string };
    const listed = await fetch(`${home.url}/conversations/${second.conversation}`, {
      headers: { authorization: await home.authorization() },
    });
    expect(((await listed.json()) as { messages: unknown[] }).messages).toHaveLength(2);
  });

  it('sees a green doctor', async () => {
    const { stdout } = await home.talos('doctor').catch((error: { stdout: string }) => error);
    expect(stdout).toContain('engine ollama');
    expect(stdout).not.toMatch(/\bbad\b/);
  });

  it('stops everything with panic, is refused after it, and lifts it on the host; the audit log proves it', async () => {
    await home.talos('panic', '--reason', 'a drill');
    expect((await home.chat('hello')).status).toBe(423);
    await home.talos('unlock', '--yes');
    expect((await home.chat('hello')).status).toBe(200);
    const { stdout } = await home.talos('audit', 'export', '--csv');
    expect(stdout).toContain('lockdown-set');
    expect(stdout).toContain('lockdown-lifted');
    expect((await home.talos('audit', 'verify')).stdout).toMatch(/ok|verif|whole|intact/i);
  });

  it('keeps the lockdown over a restart, also one set with Talos down', async () => {
    await home.talos('down');
    await home.talos('panic', '--reason', 'set while down');
    await home.talos('up', '--detach');
    expect((await home.chat('hello')).status).toBe(423);
    await home.talos('unlock', '--yes');
    expect((await home.chat('hello')).status).toBe(200);
  });

  it('finds the conversations again after a restart', async () => {
    const before = await home.chat('hello', { conversation: 'kept', key: 'one' });
    await home.talos('down');
    await home.talos('up', '--detach');
    const again = await home.chat('hello', { conversation: 'kept', key: 'one' });
    expect(again.body['id']).toBe(before.body['id']);
    expect(again.body['response']).toBe(before.body['response']);
  });

  it('ends everything with Ctrl-C in the foreground', async () => {
    await home.talos('down');
    const up = home.start('up');
    let output = '';
    for await (const chunk of up.stdout) {
      output += String(chunk);
      if (output.includes('Talos is ready')) break;
    }
    const { children } = await home.status();
    up.kill('SIGINT');
    const [code] = (await once(up, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(children.filter(({ pid }) => pid !== undefined && isAlive(pid))).toEqual([]);
  });
});
