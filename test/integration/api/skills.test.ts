import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, test } from 'vitest';

import { writeSkillArchive } from '../../../adapters/skill-archive.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { skillTemplate } from '../../../domain/skills/template.ts';
import { hashOf } from '../../unit/domain/skills/build.ts';
import { id, keepActive, keepVersion, keepWaiting } from './skill-support.ts';
import { open, right, runTo, startApi, type TestApi } from './support.ts';

let api: TestApi;
afterEach(() => api.close());

const files = skillTemplate('hello', 'js');
const hello = readBundle(files, createBundleTools({ maxBytes: 1_048_576 }));
const submit = (body: unknown) => api.ask('/skills', { body });
const sendArchive = (body: Buffer, type: string) => api.ask('/skills', { body, headers: { 'content-type': type } });

/** What lies below a skill. */
const paths = ['', '/export', '/runs', '/runs/k'];

describe('handing in a skill', () => {
  test('puts its files into quarantine, and tells where it stands', async () => {
    api = await startApi();
    const answer = await submit({ files });
    expect(answer).toMatchObject({
      status: 202,
      headers: { location: '/skills/hello' },
      body: { id: 'hello', hash: hello.hash, version: '0.1.0', state: 'quarantined' },
    });
    expect((await api.skills.load('hello', hello.hash)).files).toEqual(files);
  });

  test('twice is the same version', async () => {
    api = await startApi();
    await submit({ files });
    expect((await submit({ files })).body).toMatchObject({ hash: hello.hash });
    expect((await api.ask('/skills')).body['skills']).toHaveLength(1);
  });

  test.each([
    ['zip', 'application/zip'],
    ['tar.gz', 'application/gzip'],
    ['tar.gz', 'application/x-gzip'],
  ] as const)('takes an archive, %s as %s', async (kind, type) => {
    api = await startApi();
    const answer = await sendArchive(Buffer.from(writeSkillArchive(hello, kind)), type);
    expect(answer).toMatchObject({ status: 202, body: { hash: hello.hash } });
  });

  test('refuses an archive that is a bomb, is damaged, or leaves its folder', async () => {
    api = await startApi({ settings: { SKILL_MAX_SIZE_BYTES: '20000' } });
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const evil = writeSkillArchive({ ...hello, files: { ...files, '../../x': 'out' } }, 'zip');
    for (const archive of [bomb, Buffer.from('no archive'), Buffer.from(evil)]) {
      const answer = await sendArchive(archive, 'application/zip');
      expect(answer).toMatchObject({ status: 422, body: { code: 'SKILL_INVALID' } });
    }
    expect(await api.catalog.list()).toEqual([]);
  });

  test('refuses a body that is larger than any skill may be', async () => {
    api = await startApi({ settings: { SKILL_MAX_SIZE_BYTES: '20000' } });
    const big = await sendArchive(Buffer.alloc(20_000 + 1_048_577), 'application/zip');
    expect(big).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    const text = await submit({ files: { ...files, 'notes.md': 'x'.repeat(20_000) } });
    expect(text).toMatchObject({ status: 422, body: { detail: expect.stringContaining('SKILL_MAX_SIZE_BYTES') } });
  });

  test('says of a broken manifest which field, which rule, and what would be right', async () => {
    api = await startApi();
    const manifest = JSON.parse(files['skill.json'] ?? '') as Record<string, unknown>;
    const broken = { ...files, 'skill.json': JSON.stringify({ ...manifest, version: 'one' }) };
    const { status, body } = await submit({ files: broken });
    expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'SKILL_INVALID' });
    expect(body['detail']).toMatch(/skill\.json, field version: .*for example "1\.0\.0"/);
  });

  test.each(['../../x', '<b>bold</b>', 'Hello', 'a--b', 'x'.repeat(65), 'drafts'])(
    'refuses a skill named %j',
    async (name) => {
      api = await startApi();
      const renamed = Object.fromEntries(
        Object.entries(files).map(([path, text]) => [path, text.replaceAll('hello', name)]),
      );
      const { status, body, text } = await submit({ files: renamed });
      expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'SKILL_INVALID' });
      expect(text).toContain('csv-summary');
      expect(await api.catalog.list()).toEqual([]);
    },
  );

  test.each([
    { git: 'http://example.org/x.git' },
    { git: 'https://user:secret@example.org/x.git' },
    { git: 'https://secret@example.org' },
    { git: 'file:///etc' },
    { git: 'ext::sh -c id' },
    { git: '--upload-pack=id' },
    { git: 'ssh://example.org/x.git' },
    { files: { 'a.js': 7 } },
    { files, git: 'https://example.org/x.git' },
    {},
    [],
  ])('refuses a body such as %j', async (body) => {
    api = await startApi();
    const answer = await submit(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(answer.text).not.toContain('secret');
    expect(api.audit.events()).toEqual([]);
  });

  test.each([{}, [], { files: { 'a.js': 7 } }])('says of a body such as %j what it has to be', async (body) => {
    api = await startApi();
    const detail = 'body: give either files, texts by their path, or git, the address of a repository.';
    expect((await submit(body)).body).toMatchObject({ detail });
  });

  test('puts a fetch of a repository on record before it goes out', async () => {
    api = await startApi();
    const answer = await submit({ git: 'https://127.0.0.1:1/x.git' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(api.audit.events()).toMatchObject([
      { type: 'skill-egress', actor: 'admin', details: { host: '127.0.0.1:1' } },
    ]);
  });

  test('refuses nesting without end and other types', async () => {
    api = await startApi();
    const deep = `{"files":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const headers = { 'content-type': 'application/json' };
    expect((await api.ask('/skills', { body: deep, headers })).body).toMatchObject({ code: 'BODY_NOT_JSON' });
    expect((await sendArchive(Buffer.from('x'), 'text/plain')).status).toBe(415);
  });

  test('is refused in a lockdown', async () => {
    api = await startApi();
    await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await submit({ files })).toMatchObject({ status: 423, body: { code: 'LOCKDOWN' } });
    expect(await api.catalog.list()).toEqual([]);
  });
});

describe('the list', () => {
  test('has what is in use and under test, and can be had by state', async () => {
    api = await startApi();
    await keepActive(api, { revision: true });
    const all = await api.ask('/skills');
    expect(all.body['skills']).toMatchObject([
      { id, hash: hashOf('a'), state: 'active', strikes: 0 },
      { id, hash: hashOf('b'), state: 'awaiting-approval', runs: 3 },
    ]);
    const states = async (state: string) => {
      const { body } = await api.ask(`/skills?state=${state}`);
      return (body['skills'] as { state: string }[]).map((one) => one.state);
    };
    expect(await states('active')).toEqual(['active']);
    expect(await states('quarantine')).toEqual(['awaiting-approval']);
    expect(await states('deprecated')).toEqual([]);
  });

  test('names a skill whose state cannot be read beside the others', async () => {
    api = await startApi();
    await keepActive(api);
    const unreadable = [{ id: 'broken', problem: 'The life of skill broken is not stored as Talos writes it.' }];
    api.catalog.unreadable = async () => unreadable;
    expect((await api.ask('/skills')).body).toMatchObject({ skills: [{ id }], unreadable });
  });

  test.each(['state=happy', 'state=', 'stat=active'])('refuses %s', async (query) => {
    api = await startApi();
    expect(await api.ask(`/skills?${query}`)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });
});

describe('one skill', () => {
  test('shows the version under test with its evidence and what it changes', async () => {
    api = await startApi();
    await keepActive(api, { revision: true });
    const { body } = await api.ask(`/skills/${id}`);
    expect(body).toMatchObject({
      shown: hashOf('b'),
      life: { candidate: { runs: [{}, {}, {}] } },
      manifest: { version: '1.1.0' },
      files: { 'main.js': 'b' },
      diff: { from: hashOf('a'), to: hashOf('b'), grew: true },
    });
    expect((body['diff'] as { manifest: string[] }).manifest).toContain('It may now send requests to api.example.org.');
    expect((body['diff'] as { files: { path: string }[] }).files.map(({ path }) => path)).toEqual([
      'main.js',
      'skill.json',
    ]);
  });

  test('in use says when it fails again and again, though none of it is a strike', async () => {
    api = await startApi({ running: runTo({ state: 'failed', verdict: 'exception', blame: 'environment' }) });
    await keepActive(api);
    const trouble = async () => (await api.ask(`/skills/${id}`)).body['trouble'];
    for (const key of ['1', '2', '3']) {
      expect(await trouble()).toBeUndefined();
      await api.ask(`/skills/${id}/runs`, { body: { input: {} }, headers: { 'idempotency-key': key } });
    }
    expect(await trouble()).toMatchObject({ runs: 3 });
  });

  test('whose files were changed is shown without them, with the problem', async () => {
    api = await startApi();
    await keepWaiting(api);
    api.skills.tamper(hashOf('a'));
    const { status, body } = await api.ask(`/skills/${id}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { problem: { code: 'SKILL_CHANGED' } } });
    expect(body['files']).toBeUndefined();
  });

  test('is exported as an archive that is the same version again', async () => {
    api = await startApi();
    await submit({ files });
    const answer = await open({ port: api.port, path: '/skills/hello/export', headers: { authorization: right } });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(Buffer.from(chunk as Buffer));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="hello.zip"',
    });
    expect((await sendArchive(Buffer.concat(chunks), 'application/zip')).body).toMatchObject({ hash: hello.hash });
  });

  test('that was changed is not exported', async () => {
    api = await startApi();
    await keepVersion(api, 'a');
    await keepWaiting(api);
    api.skills.tamper(hashOf('a'));
    expect((await api.ask(`/skills/${id}/export`)).body).toMatchObject({ status: 409, code: 'SKILL_CHANGED' });
  });

  test('that does not exist is not found', async () => {
    api = await startApi();
    for (const path of paths) expect((await api.ask(`/skills/nobody${path}`)).status, path).toBe(404);
  });

  test.each(['..%2F..%2Fx', '%3Cb%3E', 'UPPER', 'a b', 'x'.repeat(65)])('is never looked for as %s', async (name) => {
    api = await startApi();
    for (const path of paths) {
      const { status, body } = await api.ask(`/skills/${name.replace(' ', '%20')}${path}`);
      expect({ status, code: body['code'] }, path).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
    }
    const { body } = await api.ask('/skills/..%2F..%2Fx');
    expect(body['detail']).toContain('such as csv-summary');
  });

  test('needs a sign-in', async () => {
    api = await startApi();
    for (const path of ['/skills', `/skills/${id}`, `/skills/${id}/runs`])
      expect((await api.call(path)).status).toBe(401);
    expect((await api.call('/skills', { body: { files } })).status).toBe(401);
    expect(await api.catalog.list()).toEqual([]);
  });
});
