import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';

import { TalosError } from '../../domain/errors.ts';
import { askProgram, findProgram } from '../run-command.ts';
import { installPackages } from './apt.ts';
import type { Edition, Workplace } from './cache.ts';
import { fillPrefix, findDebianTools } from './debian-prefix.ts';
import type { DebianTools } from './debian-prefix.ts';
import { findGo, runGo } from './go.ts';
import type { Step } from './teller.ts';

/** Where Debian keeps llama.cpp as packages; its programs run with the C library they come with. */
const request = { suite: 'forky', name: 'llama.cpp-tools' };
/** Ollama runs models with the first and makes them with the second; it looks for both beside its own library folder. */
const runners = ['llama-server', 'llama-quantize'];

/** Builds Ollama with Go and puts Debian's llama.cpp beside it; for Debian only. `refusal` says why there was no release. Returns the program's path. */
export async function buildOllama(
  { edition, refusal }: { readonly edition: Edition; readonly refusal: string },
  place: Workplace,
  step: Step,
): Promise<string> {
  const tools = await findDebianTools();
  const go = await findGo();
  if (tools === undefined) throw missing(edition, refusal, 'it can be built on Debian only');
  if ('lacking' in go) throw missing(edition, refusal, `building it needs ${go.lacking}`);
  if (!(await hasCompiler(step))) throw missing(edition, refusal, 'building it needs a C compiler (gcc)');
  const args = ['install', '-v', '-trimpath', `github.com/ollama/ollama@v${edition.version}`];
  await runGo({ edition, program: go.program, args, cgo: true }, place, step);
  await fillPrefix(tools, request, { ...step, prefix: `${place.whole}/prefix`, work: place.work });
  await mkdir(`${place.whole}/lib/ollama`, { recursive: true });
  for (const runner of runners) {
    const script = runnerScript(runner, loaderOf(place.whole, tools));
    await writeFile(`${place.whole}/lib/ollama/${runner}`, script, { mode: 0o755 });
  }
  if ((await askProgram(`${place.whole}/lib/ollama/llama-server`, ['--version'])) === undefined) {
    throw new TalosError('DOWNLOAD_FAILED', "Debian's llama.cpp was brought but does not run on this machine");
  }
  return 'bin/ollama';
}

async function hasCompiler(step: Step): Promise<boolean> {
  if ((await findProgram('gcc')) !== undefined || (await findProgram('cc')) !== undefined) return true;
  return await installPackages(['gcc', 'libc6-dev'], step);
}

/** The loader of the unpacked C library and the folder it lies in, below the engine's folder. */
function loaderOf(whole: string, tools: DebianTools): { folder: string; loader: string } {
  const triplet = tools.architecture === 'amd64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu';
  const folder = `prefix/usr/lib/${triplet}`;
  const names = existsSync(`${whole}/${folder}`) ? readdirSync(`${whole}/${folder}`) : [];
  const loader = names.find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader !== undefined) return { folder, loader };
  throw new TalosError('DOWNLOAD_FAILED', `Debian's ${request.name} came without its C library`);
}

/** Starts a program of the prefix with the prefix's own loader, and the code for this processor. */
function runnerScript(runner: string, { folder, loader }: { folder: string; loader: string }): string {
  return [
    '#!/bin/sh',
    'here=$(cd "$(dirname "$0")/../.." && pwd)',
    `libraries=$here/${folder}`,
    'code=$libraries/ggml/backends0/libggml-cpu-x64.so',
    'grep -qw avx2 /proc/cpuinfo && code=$libraries/ggml/backends0/libggml-cpu-haswell.so',
    '[ -e "$code" ] || code=$(ls "$libraries"/ggml/backends0/libggml-cpu-*.so | head -n 1)',
    'export GGML_BACKEND_PATH="$code"',
    `exec "$libraries/${loader}" --library-path "$libraries:$libraries/llama" "$here/prefix/usr/bin/${runner}" "$@"`,
    '',
  ].join('\n');
}

function missing(edition: Edition, refusal: string, reason: string): TalosError {
  return new TalosError(
    'ENGINE_MISSING',
    `Ollama ${edition.version} could not be downloaded (${refusal}) and ${reason}. Install Ollama (https://ollama.com/download), ` +
      'or set OLLAMA_URL to an Ollama you run; Talos works without a local model meanwhile',
    { details: { engine: 'ollama' } },
  );
}
