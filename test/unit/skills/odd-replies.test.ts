import { describe, expect, it } from 'vitest';

import { folderRule } from '../../../adapters/broker/folder.ts';
import { TalosError } from '../../../domain/errors.ts';
import { answer, problem } from './built-in.ts';

/** A host that answers every request alike, or refuses it. */
function host(reply: { status?: number; body?: string; encoding?: string } | TalosError) {
  const { status = 200, body = '', encoding = 'utf8' } = reply instanceof TalosError ? {} : reply;
  return {
    async fetch() {
      if (reply instanceof TalosError) throw reply;
      return { status, encoding, text: async () => body };
    },
  };
}

const denied = new TalosError('PERMISSION_DENIED', 'The skill may not reach example.org: not named.');
const tooLong = new TalosError('BODY_TOO_LARGE', 'The reply is larger than 2097152 bytes.');
const away = new TalosError('HOST_UNAVAILABLE', 'It could not be reached.');

describe.each(['web-page-to-text', 'http-json-call'])('what %s is told by the host', (id) => {
  it.each([
    ['https://example.org/', denied, problem('may not reach example.org')],
    ['https://en.wikipedia.org/', tooLong, problem('larger than')],
    ['https://', denied, problem('no address')],
  ])('is an answer where %s cannot be had for what was asked', async (url, fault, expected) => {
    expect(await answer(id, { url }, host(fault))).toEqual(expected);
  });

  it('is a failure where it could not be reached, which is nobody’s fault here', async () => {
    await expect(answer(id, { url: 'https://en.wikipedia.org/' }, host(away))).rejects.toMatchObject({
      code: 'HOST_UNAVAILABLE',
    });
  });
});

describe('an HTTP JSON call', () => {
  const call = async (status: number, body: string) =>
    await answer('http-json-call', { url: 'https://api.github.com/x' }, host({ status, body }));

  it.each([
    ['half a character', '{"a": "\\ud83d"}', { body: { a: '\ufffd' } }],
    ['a name that breaks things', '{"__proto__": {"a": 1}, "b": 2}', { body: { b: 2 } }],
    ['a number beyond all bounds', '[1e999]', { body: [null] }],
    ['an endless depth', '['.repeat(100_000) + ']'.repeat(100_000), problem('no JSON')],
    ['a depth no answer may have', '['.repeat(190) + ']'.repeat(190), problem('no JSON')],
    ['no JSON', '<p>', problem('status 200 is no JSON')],
    ['more than an answer may hold', `"${'ä'.repeat(600_000)}"`, problem('too long')],
  ])('hands on what it can of %s', async (_name, body, expected) => {
    expect(await call(200, body)).toMatchObject(expected);
  });

  it('cuts no character of an error page in half', async () => {
    expect(await call(404, `${'x'.repeat(999)}😀`)).toMatchObject({ status: 404, body: 'x'.repeat(999) });
  });
});

describe('a web page as text', () => {
  const read = async (body: string, more: { status?: number; encoding?: string } = {}) =>
    await answer('web-page-to-text', { url: 'https://en.wikipedia.org/x' }, host({ body, ...more }));

  it.each([
    ['tags that may be left out', '<!doctype html><head><title>T</title><p>Hello', 'Hello'],
    ['a script in a comment', '<p>a<!-- <script> --><p>b', 'a\n\nb'],
    ['a comment in a script', '<p>a<script>"<!--"</script><p>b', 'a\n\nb'],
    ['elements of its own', '<nav-item>x</nav-item><p>Hello', 'x\n\nHello'],
    ['menus inside menus', '<p>a<nav><nav>x</nav>y</nav>b', 'ab'],
    ['a > in an attribute', '<p title="a > b">Hello', 'Hello'],
    ['an attribute that never ends', '<p>a<p title="b>Hello', 'a'],
    ['a < that is none', '<p>1 < 2 and 3 > 2 <', '1 < 2 and 3 > 2 <'],
    [
      'signs by name and number',
      '<p>caf&eacute; &ldquo;x&rdquo; &#150; &#x1F600; &#0;&#xD800;',
      'café “x” – 😀 \ufffd',
    ],
    ['a comment that never ends', '<p>a<!-- b <p>c', 'a'],
    ['a picture without content', '<p>a<svg/>b', 'ab'],
  ])('bears %s', async (_name, body, text) => {
    expect(await read(body)).toMatchObject({ text });
  });

  it.each(['<', '<main>', '<!--', '<li ', '<a ="', '<script>', '<title', '<br> ', '&amp', '</', '<svg>', ' '])(
    'takes time in proportion to a page of nothing but %j',
    async (part) => {
      const page = `<p>${part.repeat(Math.floor(2_000_000 / part.length))}`;
      expect(await read(page)).toMatchObject({ title: '' });
    },
  );

  it.each([
    [{ status: 404 }, problem('status 404')],
    [{ status: 301 }, problem('status 301')],
    [{ encoding: 'base64' }, problem('no text in UTF-8')],
  ])('says so where there is none: %j', async (reply, expected) => {
    expect(await read('x', reply)).toEqual(expected);
  });

  it('fails where it may well be there later', async () => {
    await expect(read('x', { status: 503 })).rejects.toThrow('status 503');
  });

  it('cuts no character in half', async () => {
    const input = { url: 'https://en.wikipedia.org/x', maxCharacters: 100 };
    const body = `<title>${'y'.repeat(299)}😀</title><p>${'x'.repeat(99)}😀`;
    const expected = { title: 'y'.repeat(299), text: 'x'.repeat(99), isCut: true };
    expect(await answer('web-page-to-text', input, host({ body }))).toMatchObject(expected);
  });
});

type Entry = { name: string; kind: string };

/** A folder that keeps the limits of the host, and notes what is moved. */
function inbox(entries: readonly Entry[], refuse: (path: string) => TalosError | undefined = () => undefined) {
  const moved: string[] = [];
  let calls = 0;
  const count = (path = ''): void => {
    calls += 1;
    if (calls > folderRule.mostCalls) throw new TalosError('TOO_MANY_REQUESTS', 'A run makes no more calls.');
    const refusal = refuse(path);
    if (refusal !== undefined) throw refusal;
  };
  const folder = {
    async list(path = '') {
      count(path);
      return path === '' ? entries : [];
    },
    mkdir: async (path: string) => count(path),
    async move(from: string, to: string) {
      count(from);
      const name = to.slice(to.indexOf('/') + 1);
      if (Buffer.byteLength(name) > 255) throw new TalosError('PERMISSION_DENIED', 'ctx.folder: not a name.');
      moved.push(to);
      return null;
    },
  };
  return { moved, context: { folder: () => folder } };
}

const file = (name: string): Entry => ({ name, kind: 'file' });

describe('the file organiser', () => {
  it('puts the largest folder that is listed in order within one run', async () => {
    const { moved, context } = inbox(Array.from({ length: folderRule.mostEntries }, (_, at) => file(`${at}.pdf`)));
    expect(await answer('file-organiser', { by: 'type' }, context)).not.toHaveProperty('left');
    expect(moved).toHaveLength(folderRule.mostEntries);
  });

  it('moves as many files as a run may into folders of their own, and says how many are left', async () => {
    const { moved, context } = inbox(Array.from({ length: 1000 }, (_, at) => file(`a.x${at}`)));
    const output = await answer('file-organiser', { by: 'ending' }, context);
    expect(output).toMatchObject({ isDone: true, left: 1000 - moved.length });
    expect(moved.length).toBeGreaterThan(450);
  });

  it('goes on where one file cannot be moved, and tells which', async () => {
    const gone = new TalosError('NOT_FOUND', 'ctx.folder: there is no "b.pdf".');
    const { moved, context } = inbox([file('a.pdf'), file('b.pdf'), file('c.pdf')], (path) =>
      path === 'b.pdf' ? gone : undefined,
    );
    expect(await answer('file-organiser', { by: 'type' }, context)).toMatchObject({
      failed: [{ from: 'b.pdf', problem: gone.message }],
    });
    expect(moved).toEqual(['Documents/a.pdf', 'Documents/c.pdf']);
  });

  it('gives a second file of a very long name one that is no longer', async () => {
    const name = `${'ä'.repeat(125)}.pdf`;
    const { moved, context } = inbox([file(name), file(name.toUpperCase())]);
    await answer('file-organiser', { by: 'type' }, context);
    expect(moved).toEqual([`Documents/${name}`, `Documents/${'Ä'.repeat(123)} (2).pdf`]);
  });

  it('takes no link for a folder', async () => {
    const { moved, context } = inbox([file('a.pdf'), { name: 'Documents', kind: 'other' }]);
    await answer('file-organiser', { by: 'type' }, context);
    expect(moved).toEqual(['Documents-files/a.pdf']);
  });

  it('says so where the folder holds more than it can be told', async () => {
    const { context } = inbox([], () => new TalosError('BODY_TOO_LARGE', 'more than 1000 entries'));
    expect(await answer('file-organiser', { by: 'type' }, context)).toEqual(problem('more than 1000 entries'));
  });

  it('fails where the folder is not lent', async () => {
    const { context } = inbox([], () => new TalosError('CONFIG_INVALID', 'not granted'));
    await expect(answer('file-organiser', { by: 'type' }, context)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
