import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';

const longestMs = 10_000;
const mostKept = 64;
const memory = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** What a thread of its own does; the first file that cannot be read ends it. */
const program = `const { parentPort, workerData } = require('node:worker_threads');
const { stripTypeScriptTypes } = require('node:module');
const stripped = {};
let failure;
for (const [path, text] of Object.entries(workerData))
  try { stripped[path] = stripTypeScriptTypes(text); }
  catch (error) { failure = { path, message: String(error?.message ?? error).split('\\n')[0] }; break; }
parentPort.postMessage({ stripped, failure });`;

const Message = z.object({
  stripped: z.record(z.string(), z.string()),
  failure: z.object({ path: z.string(), message: z.string() }).optional(),
});

type Texts = Readonly<Record<string, string>>;

/** Without their types, by what they were: a version runs many times. */
const kept = new Map<string, Texts>();

/**
 * Takes the types out of files. Node's parser is left broken for good by a text that is nested too deep, so each version is read by a thread
 * that ends afterwards. Throws a SyntaxError that names the file.
 */
export async function stripTypes(texts: Texts): Promise<Texts> {
  const name = createHash('sha256').update(JSON.stringify(texts)).digest('hex');
  const known = kept.get(name);
  if (known !== undefined) return known;
  const { stripped, failure } = await inThread(texts);
  if (failure !== undefined) throw new SyntaxError(`${failure.path}: ${failure.message}`);
  kept.set(name, stripped);
  const [oldest] = kept.keys();
  if (oldest !== undefined && kept.size > mostKept) kept.delete(oldest);
  return stripped;
}

async function inThread(texts: Texts): Promise<z.infer<typeof Message>> {
  const options = { eval: true, workerData: texts, execArgv: ['--no-warnings'], env: {}, resourceLimits: memory };
  const thread = new Worker(program, options);
  const late = AbortSignal.timeout(longestMs);
  try {
    const [message] = await once(thread, 'message', { signal: late });
    return Message.parse(message);
  } catch (error) {
    if (late.aborted || codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY')
      throw new SyntaxError('its types take too long or too much memory to read', { cause: error });
    throw new TalosError('SANDBOX_FAILED', 'The types of a skill could not be read on this machine.', { cause: error });
  } finally {
    await thread.terminate();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
