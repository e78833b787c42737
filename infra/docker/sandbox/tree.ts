import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

// Makes the files of the sandbox image in a new folder: Node, Python with most of its library, the shared libraries they load, the
// runners. No shell, no other program. Usage: node infra/docker/sandbox/tree.ts FOLDER [bring-python]
// With `bring-python`, a Python that is missing is installed first; for the build of the image.

const [, , tree, bring] = process.argv;
if (tree === undefined) throw new Error('usage: node infra/docker/sandbox/tree.ts FOLDER [bring-python]');

const python = '/usr/bin/python3';
/** Parts of Python's library that no skill can use: screens, packaging, its own tests. */
const leftOut =
  /^(test|tests|idlelib|tkinter|turtledemo|turtle\.py|ensurepip|lib2to3|distutils|venv|dist-packages|site-packages|config-.*|_(tkinter|curses|curses_panel|dbm|gdbm|sqlite3|ssl|crypt)\..*|(readline|nis|ossaudiodev)\..*)$/;

copyProgram(realpathSync(process.execPath), '/usr/local/bin/node');
copyPython();
for (const runner of ['runner.cjs', 'runner.py']) {
  const source = join(import.meta.dirname, '../../../adapters/sandbox', runner);
  cpSync(source, inTree(`/opt/talos/${runner}`));
}
for (const folder of ['/tmp', '/proc', '/sys', '/dev', '/etc']) mkdirSync(inTree(folder), { recursive: true });
// The scratch space of a container takes over who may write to this.
chmodSync(inTree('/tmp'), 0o1777);
writeFileSync(inTree('/etc/passwd'), 'nobody:x:65534:65534:nobody:/:/sbin/nologin\n');
writeFileSync(inTree('/etc/group'), 'nogroup:x:65534:\n');

function inTree(path: string): string {
  return join(tree ?? '', path);
}

function copyProgram(program: string, path: string): void {
  copyFile(program, path);
  copyLibraries(program);
}

function copyFile(source: string, path: string): void {
  // Python believes its compiled files only while the time of the source is the one it wrote down.
  if (!existsSync(inTree(path)))
    cpSync(source, inTree(path), { dereference: true, recursive: true, preserveTimestamps: true });
}

/** Every library the loader would load, at the path where it looks; asking the loader itself needs no shell. */
function copyLibraries(file: string): void {
  const loader = process.arch === 'arm64' ? '/lib/ld-linux-aarch64.so.1' : '/lib64/ld-linux-x86-64.so.2';
  copyFile(loader, loader);
  const listed = execFileSync(loader, ['--list', file], { encoding: 'utf8' });
  for (const [, library = ''] of listed.matchAll(/=> (\/\S+)/g)) copyFile(library, library);
}

function copyPython(): void {
  if (!existsSync(python) && bring === 'bring-python') installPython();
  if (!existsSync(python)) throw new Error(`${python} is missing; install it with: apt-get install python3`);
  const asked = 'import sysconfig; print(sysconfig.get_path("stdlib"))';
  const library = execFileSync(python, ['-I', '-S', '-c', asked], { encoding: 'utf8' }).trim();
  const program = realpathSync(python);
  copyProgram(program, program);
  if (program !== python) symlinkSync(basename(program), inTree(python));
  copyLibrary(library);
}

function copyLibrary(library: string): void {
  cpSync(library, inTree(library), {
    recursive: true,
    dereference: true,
    preserveTimestamps: true,
    filter: (source) => source === library || !leftOut.test(basename(source)),
  });
  const native = join(library, 'lib-dynload');
  const modules = existsSync(inTree(native)) ? readdirSync(inTree(native)) : [];
  for (const module of modules.filter((name) => name.endsWith('.so'))) copyLibraries(join(native, module));
}

function installPython(): void {
  const run = (...args: string[]): unknown => execFileSync('apt-get', args, { stdio: 'inherit' });
  run('update');
  run('install', '--yes', '--no-install-recommends', 'python3');
}
