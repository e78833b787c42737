import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';

import { onTestFinished } from 'vitest';

import { scratch, writeScript } from './support.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A release host on loopback: files by the last part of their address, or an answer of the test's own. */
export async function releaseServer(files: Record<string, Buffer | string | Answer>) {
  const asked: { file: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const file = request.url?.split('/').at(-1) ?? '';
    asked.push({ file, range: request.headers.range });
    const found = files[file];
    if (typeof found === 'function') found(request, response);
    else if (found === undefined) response.writeHead(404).end('there is no such file');
    else response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** An archive with one program that prints a version, and enough noise to be cut in the middle. */
export async function archiveOf(program: string, version: string): Promise<Buffer> {
  const folder = await scratch();
  await mkdir(dirname(`${folder}/in/${program}`), { recursive: true });
  await writeScript(`${folder}/in/${program}`, `echo '${version}'`);
  await writeFile(`${folder}/in/noise`, randomBytes(300_000));
  await promisify(execFile)('tar', ['-cf', `${folder}/it.tar`, '-C', `${folder}/in`, '.']);
  return await readFile(`${folder}/it.tar`);
}

/** The archive as Ollama packs it. */
export function zstd(archive: Buffer): Buffer {
  return zstdCompressSync(archive);
}

/** The list that is published beside a file. */
export function checksumList(name: string, content: Buffer): string {
  const sum = createHash('sha256').update(content).digest('hex');
  return `${'0'.repeat(64)}  something-else.tar.gz\n${sum}  ${name}\n`;
}

/** Sends the first half and breaks the connection; with `resume`, goes on where it was asked to. */
export function cutInTheMiddle(content: Buffer, resume: 'resumes' | 'starts anew' | 'breaks again'): Answer {
  let requests = 0;
  return (request, response) => {
    requests += 1;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (requests > 1 && resume === 'starts anew') {
      response.end(content);
    } else if (requests > 1 && resume === 'resumes') {
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      response.writeHead(206, { 'content-range': range }).end(content.subarray(from));
    } else {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, content.length / 2), () => response.socket?.destroy());
    }
  };
}
