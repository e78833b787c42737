import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, onTestFinished } from 'vitest';
import { scratchFolder } from '../../support/scratch-folder.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));

type Settings = {
  readonly TALOS_HOME: string;
  readonly HOME?: string;
  readonly REDIS_URL?: string;
  readonly WEB_PORT?: string;
};

function talos(given: string | Settings, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const settings = typeof given === 'string' ? { TALOS_HOME: given } : given;
  const env = { PATH: process.env['PATH'], HOME: settings.TALOS_HOME, TALOS_PORT_BASE: '61000', ...settings };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

function homeWith(content: string, mode = 0o600): string {
  const home = scratchFolder();
  mkdirSync(join(home, 'config'));
  writeFileSync(join(home, 'config/talos.env'), content);
  chmodSync(join(home, 'config/talos.env'), mode);
  return home;
}

describe('a command line nobody understands', () => {
  it('gets a suggestion and exit code 64', async () => {
    const { code, stdout, stderr } = await talos(scratchFolder(), 'statsu');
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('Did you mean status?');
  });
});

describe('with nothing running', () => {
  it('status says so and exits with 69', async () => {
    const home = scratchFolder();
    expect(await talos(home, 'status')).toEqual({
      code: 69,
      stdout: `Talos is not running in ${home}; start it with: talos up\n`,
      stderr: '',
    });
    const asJson = await talos(home, 'status', '--json');
    expect(JSON.parse(asJson.stdout)).toEqual({ running: false });
  });

  it('down says so and exits well', async () => {
    const home = scratchFolder();
    expect(await talos(home, 'down')).toEqual({ code: 0, stdout: `Talos is not running in ${home}.\n`, stderr: '' });
  });

  it('doctor names a fix for every bad row and exits with 69', async () => {
    const { code, stdout } = await talos(scratchFolder(), 'doctor', '--json');
    expect(code).toBe(69);
    const { healthy, rows } = JSON.parse(stdout) as { healthy: boolean; rows: { state: string; fix?: string }[] };
    expect(healthy).toBe(false);
    expect(rows.filter((row) => row.state === 'bad' && row.fix === undefined)).toEqual([]);
  });

  it('doctor says once that a home was never started, and once what mends it', async () => {
    const home = scratchFolder();
    const { stdout } = await talos(home, 'doctor');
    expect(stdout).toContain(`Talos was never started in ${home}\n`);
    expect(stdout).not.toMatch(/is missing|BASIC_AUTH_PASS/);
    expect(stdout.match(/: talos up$/gm)).toHaveLength(1);
  });

  it('doctor sends nobody to talos up for an engine that runs elsewhere', async () => {
    const home = scratchFolder();
    const { stdout } = await talos({ TALOS_HOME: home, REDIS_URL: 'redis://127.0.0.1:1' }, 'doctor');
    expect(stdout).toContain('engine redis: start redis there, or correct REDIS_URL\n');
  });

  it('doctor finds a Redis elsewhere at fault that drops what must not vanish', async () => {
    const memory = 'maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n';
    const answers = { PING: '+PONG\r\n', INFO: `$${memory.length}\r\n${memory}\r\n` };
    const server = createServer((socket) =>
      socket.on('data', (asked) => {
        for (const [word, answer] of Object.entries(answers).toReversed()) {
          if (asked.includes(word)) socket.write(answer);
        }
      }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const settings = { TALOS_HOME: scratchFolder(), REDIS_URL: `redis://127.0.0.1:${port}` };
    const { stdout } = await talos(settings, 'doctor');
    expect(stdout).toMatch(/engine redis +bad +redis:.* drops keys when its memory is full \(allkeys-lru\)/);
    expect(stdout).toContain('engine redis: set maxmemory-policy noeviction in that Redis\n');
  });

  it('logs name the start where there was none', async () => {
    const home = scratchFolder();
    for (const words of [['logs'], ['logs', '--follow']]) {
      const stderr = `talos: NOT_FOUND: Talos was never started in ${home}; do so with: ./talos up\n`;
      expect(await talos(home, ...words)).toEqual({ code: 64, stdout: '', stderr });
    }
  });
});

describe('without a key that can be used', () => {
  it('a panic takes hold all the same and says that it is not on record; an unlock does not', async () => {
    const home = homeWith('');
    mkdirSync(join(home, 'keys'));
    writeFileSync(join(home, 'keys/node.key'), 'open to others', { mode: 0o644 });
    const panic = await talos(home, 'panic', '--reason', 'it mails strangers');
    expect(panic).toMatchObject({ code: 78, stdout: '' });
    expect(panic.stderr).toMatch(/locked down, but that is not on record[\s\S]*chmod 600/);
    const lockdown = (): string => readFileSync(join(home, 'data/lockdown.json'), 'utf8');
    expect(lockdown()).toContain('it mails strangers');
    expect(await talos(home, 'unlock', '--yes')).toMatchObject({ code: 78 });
    expect(lockdown()).toContain('it mails strangers');
  });
});

describe('a clone in the home directory', () => {
  it.each(['status', 'logs', 'panic', 'doctor'])(
    'is not taken for the state directory by %s, whatever is mistyped',
    async (command) => {
      const HOME = scratchFolder();
      mkdirSync(join(HOME, 'talos/cli'), { recursive: true });
      writeFileSync(join(HOME, 'talos/cli/main.ts'), '');
      for (const mistyped of command === 'doctor' ? [{}] : [{}, { WEB_PORT: 'x' }]) {
        const { stdout, stderr } = await talos({ TALOS_HOME: '', HOME, ...mistyped }, command);
        expect(stdout + stderr).toContain(`${HOME}/talos-home`);
      }
    },
  );
});

describe('a configuration that cannot be used', () => {
  it.each([
    ['a setting', 'WEB_PORT=x\n'],
    ['a line', 'what is this\n'],
  ])('since somebody mistyped %s neither hides what runs nor keeps it from being stopped', async (_, content) => {
    const home = homeWith(content);
    expect(await talos(home, 'status')).toMatchObject({ code: 69, stdout: expect.stringContaining('is not running') });
    expect(await talos(home, 'down')).toMatchObject({ code: 0, stderr: '' });
    expect((await talos(home, 'logs')).stderr).toContain('Talos was never started');
  });

  it.each([
    [
      'is short of characters',
      homeWith('BASIC_AUTH_PASS=tooshort\n'),
      'BASIC_AUTH_PASS must have at least 16 characters',
    ],
    ['is no assignment', homeWith('what is this\n'), 'line 1 is not NAME=value'],
    ['may be read by others', homeWith('BASIC_AUTH_PASS=long-enough-for-anybody\n', 0o644), 'chmod 600'],
    ['lacks the password', homeWith('# empty\n'), 'BASIC_AUTH_PASS is not set'],
  ])('since it %s stops the start with 78, one message and no stack', async (_, home, message) => {
    const { code, stdout, stderr } = await talos(home, 'up');
    expect(stderr).toContain('talos: CONFIG_INVALID: ');
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).not.toMatch(/tooshort|at .*\.ts:\d+/);
  });

  it('fails a detached start the same way', async () => {
    const { code, stderr } = await talos(homeWith('BASIC_AUTH_PASS=tooshort\n'), 'up', '--detach');
    expect(code).toBe(78);
    expect(stderr).toContain('talos: CONFIG_INVALID: BASIC_AUTH_PASS must have at least 16 characters');
  });

  it('is a bad row of doctor, with an example', async () => {
    const { stdout } = await talos(homeWith('WEB_PORT=x\n'), 'doctor');
    expect(stdout).toMatch(/configuration +bad +WEB_PORT/);
    expect(stdout).toContain('configuration: WEB_PORT=8080');
    const together = await talos(homeWith('LOCAL_ENGINE=openai\n'), 'doctor');
    expect(together.stdout).toMatch(/configuration +bad +OPENAI_BASE_URL is not set/);
    const home = homeWith('# first\nwhat is this\n');
    expect((await talos(home, 'doctor')).stdout).toContain(`configuration: correct line 2 of ${home}/config/talos.env`);
  });
});
