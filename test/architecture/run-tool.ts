import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folders whose imports follow the table. */
export const productFolders = ['activities', 'adapters', 'api', 'cli', 'domain', 'infra', 'workers', 'workflows'];

/** What a tool printed and how it ended. */
export type ToolResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a program of node_modules/.bin to its end in the given folder. */
export async function runTool(name: string, args: readonly string[], cwd: string): Promise<ToolResult> {
  const programs = join(root, 'node_modules', '.bin');
  // Tools look for their helpers on the PATH, where only npm would have put them.
  const env = { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}` };
  const child = spawn(process.execPath, [join(programs, name), ...args], { cwd, env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}

/** A folder of its own with the given files in it; removed at the end of the block that holds it. */
export function plantFiles(files: Readonly<Record<string, string>>): { readonly dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'talos-plant-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}
