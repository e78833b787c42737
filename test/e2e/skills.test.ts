import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCertificateSigner } from '../../adapters/certificate-crypto.ts';
import { formatCertificate, parseCertificate, signCertificate } from '../../domain/skills/certificate-seal.ts';
import { createHome, type TestHome } from '../support/home.ts';
import { approveSkill } from '../support/owner.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

type Life = { active?: { hash: string; state: string }; past: { state: string; reason?: string; strikes: object[] }[] };

/** The way of a skill as its owner goes it: every step a command, everything behind it real. */
describe('a skill on a real Talos', () => {
  let home: TestHome;
  const folder = scratchFolder();
  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
  });
  afterAll(() => home.remove());

  const approve = (id: string) => approveSkill(home, id);

  async function life(id: string): Promise<Life> {
    const shown = JSON.parse((await home.talos('skills', 'show', id, '--json')).stdout) as { life: Life };
    return shown.life;
  }

  const run = (id: string, input: object) => home.talos('skills', 'run', id, '--input', JSON.stringify(input));

  it('is made from the template, tested, handed in, and waits for its owner after three clean runs', async () => {
    await home.talos('skills', 'new', 'hello', '--path', folder);
    const tested = await home.talos('skills', 'test', join(folder, 'hello'));
    expect(tested.stdout.match(/ pass /g)).toHaveLength(4);
    await home.talos('skills', 'submit', join(folder, 'hello'));
    const { stdout } = await home.talos('skills', 'show', 'hello', '--follow');
    expect(stdout).toMatch(/1\/3 .*\n.*2\/3 /s);
    expect(stdout).toContain('awaiting-approval');
    await expect(run('hello', { text: 'too early' })).rejects.toMatchObject({ code: 77 });
  });

  it('is used once its owner has approved it with the code', async () => {
    await expect(home.talos('skills', 'approve', 'hello', '--code', '12x4')).rejects.toMatchObject({ code: 77 });
    await approve('hello');
    const { stdout } = await run('hello', { text: 'good morning world' });
    expect(JSON.parse(stdout)).toMatchObject({ words: 3, longest: 'morning' });
  });

  it('shows its states in Temporal', async () => {
    const { execution } = await temporal(home, 'workflows/skill%2Fhello');
    expect(JSON.stringify(execution)).toContain('hello');
    expect(execution).toMatchObject({ status: 'WORKFLOW_EXECUTION_STATUS_RUNNING' });
  });

  it('is written by the model on request, approved, and answers in a chat with its step', async () => {
    const wish = await home.chat('Make a skill that shouts a text');
    expect(wish.body['response']).toContain('I have written the skill `shout`');
    await home.talos('skills', 'show', 'shout', '--follow');
    await approve('shout');
    await expect
      .poll(async () => (await home.chat('shout hello please')).body, { timeout: 20_000, interval: 600 })
      .toMatchObject({ response: 'Your skill says HELLO PLEASE', steps: [{ skill: 'shout', verdict: 'ok' }] });
  });

  it('is refused when its code was changed on the disk', async () => {
    const hash = (await life('hello')).active?.hash ?? '';
    const main = join(home.dir, 'skills/active/hello', hash.slice(0, 12), 'scripts/main.js');
    const before = readFileSync(main, 'utf8');
    writeFileSync(main, `${before}// changed\n`);
    await expect(run('hello', { text: 'x' })).rejects.toMatchObject({
      code: 77,
      stderr: expect.stringContaining('is not what it was'),
    });
    writeFileSync(main, before);
    await run('hello', { text: 'x' });
  });

  it('is refused when its certificate is of another node', async () => {
    const hash = (await life('hello')).active?.hash ?? '';
    const file = join(home.dir, 'skills/active/hello', hash.slice(0, 12), 'certificate.json');
    const before = readFileSync(file, 'utf8');
    const body = parseCertificate(before)?.body;
    if (body === undefined) throw new Error('there is no certificate');
    const stranger = createCertificateSigner(generateKeyPairSync('ed25519').privateKey);
    writeFileSync(file, formatCertificate(signCertificate({ ...body, approver: 'nobody' }, stranger)));
    await expect(run('hello', { text: 'x' })).rejects.toMatchObject({
      code: 77,
      stderr: expect.stringContaining('signed by another node'),
    });
    writeFileSync(file, before);
    await run('hello', { text: 'x' });
  });

  it('is taken out of use by its third failure, with the reasons', async () => {
    await home.talos('skills', 'new', 'brittle', '--path', folder);
    const main = join(folder, 'brittle/scripts/main.js');
    const code = readFileSync(main, 'utf8');
    writeFileSync(
      main,
      code.replace(/=> \{\n|\) \{\n/, (begin) => `${begin}  if (input.text === 'boom') throw new Error('boom');\n`),
    );
    await home.talos('skills', 'submit', join(folder, 'brittle'));
    await home.talos('skills', 'show', 'brittle', '--follow');
    await approve('brittle');
    for (let count = 0; count < 3; count += 1) {
      await expect(run('brittle', { text: 'boom' })).rejects.toMatchObject({ code: 70 });
    }
    await expect.poll(async () => (await life('brittle')).active, { timeout: 10_000 }).toBeUndefined();
    const [former] = (await life('brittle')).past;
    expect(former).toMatchObject({ state: 'deprecated', strikes: [{}, {}, {}] });
    expect(former?.reason).toContain('exception');
    await expect(run('brittle', { text: 'fine' })).rejects.toMatchObject({ code: 77 });
  });

  it('proves what it is with everything stopped, and a changed certificate does not', async () => {
    await home.talos('down');
    const { stdout } = await home.talos('skills', 'verify', 'hello');
    expect(stdout).toMatch(/^OK: skill hello .*\n(.*\n)*.*signed by {4}this node/);
    const [version = ''] = await readdir(join(home.dir, 'skills/active/hello'));
    const file = join(home.dir, 'skills/active/hello', version, 'certificate.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"approver": "owner"', '"approver": "nobody"'));
    await expect(home.talos('skills', 'verify', 'hello')).rejects.toMatchObject({ code: 77 });
  });
});

async function temporal(home: TestHome, path: string): Promise<{ execution: object }> {
  const response = await fetch(`http://127.0.0.1:${home.base + 4}/api/v1/namespaces/talos/${path}`);
  const body = (await response.json()) as { workflowExecutionInfo: object };
  return { execution: body.workflowExecutionInfo };
}
