'use strict';

/*
 * Runs inside the sandbox, as the only program there. It says `ready`, takes one line of JSON from standard input
 * ({ nonce, files, entry, input }), runs the skill, and answers on standard output with lines that begin with the nonce; everything else
 * on standard output is noise. It is written as CommonJS because loading Node's module loader for ES modules costs 8 ms a run.
 *
 * The skill runs in this process, so nothing here is safe from it, and nothing here has to be: what it could forge is an answer, which it
 * may give anyway. The host judges. The nonce only makes sure that what a skill prints is never taken for an answer.
 */

const fs = require('node:fs');
const vm = require('node:vm');
const { isBuiltin } = require('node:module');

// taken now, because a skill may replace what it reaches
const { readSync, writeSync } = fs;
const { stringify, parse } = JSON;
const { from: bufferFrom, concat } = Buffer;
const { wait } = Atomics;
const builtIn = process.getBuiltinModule;

const quiet = new Int32Array(new SharedArrayBuffer(4));

/** Runs one step on a descriptor again until it is ready; a skill may have made it non-blocking. */
function whenReady(step) {
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      wait(quiet, 0, 0, 1);
    }
  }
}

function writeAll(descriptor, bytes) {
  for (let at = 0; at < bytes.length;) at += whenReady(() => writeSync(descriptor, bytes, at, bytes.length - at));
}

function readLine() {
  const chunks = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const length = whenReady(() => readSync(0, chunk, 0, chunk.length));
    if (length === 0) process.exit(0); // the host closed without asking for anything
    chunks.push(chunk.subarray(0, length));
    if (chunk[length - 1] === 10) return concat(chunks).toString('utf8');
  }
}

/** Calls to the host: one line out, one line back, in any order. */
function createCalls(send) {
  const open = new Map();
  let next = 1;
  let socket;

  function listen() {
    const { Socket } = builtIn('node:net');
    let begun = '';
    socket = new Socket({ fd: 0, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      const lines = (begun + text).split('\n');
      begun = lines.pop();
      for (const line of lines) settle(parse(line));
    });
  }

  function settle({ id, value, error }) {
    const call = open.get(id);
    open.delete(id);
    if (open.size === 0) socket.unref(); // so that the process can end by itself
    if (error === undefined) call.resolve(value);
    else call.reject(Object.assign(new Error(error.message), { code: error.code }));
  }

  return (power, input) =>
    new Promise((resolve, reject) => {
      const id = next++;
      const text = stringify({ id, power, input });
      if (socket === undefined) listen();
      socket.ref();
      open.set(id, { resolve, reject });
      send('call', text);
    });
}

/** What a skill gets as its second argument. */
function createContext(call) {
  return Object.freeze({
    log: (...values) => {
      const words = values.map((value) => (typeof value === 'string' ? value : stringify(value)));
      writeAll(2, bufferFrom(`${words.join(' ')}\n`));
    },
    fetch: async (url, options = {}) => {
      const reply = await call('fetch', { ...options, url: String(url) });
      const text = async () => String(reply.body);
      return Object.defineProperties(
        { ...reply },
        { text: { value: text }, json: { value: async () => parse(await text()) } },
      );
    },
    memory: Object.freeze({ search: (query, options = {}) => call('memory', { ...options, query }) }),
    tool: (name, input) => call('tool', { name, input: input ?? null }),
    folder: (name) =>
      Object.freeze({
        list: (path = '') => call('folder', { name, action: 'list', path }),
        read: (path) => call('folder', { name, action: 'read', path }),
        write: (path, text) => call('folder', { name, action: 'write', path, text }),
        mkdir: (path) => call('folder', { name, action: 'mkdir', path }),
        move: (path, to) => call('folder', { name, action: 'move', path, to }),
      }),
  });
}

/** Loads the files of a bundle as modules of one another, without touching a disk. */
class Loader {
  #files;
  #loaded = new Map();

  constructor(files) {
    this.#files = files;
  }

  async load(entry) {
    if (!Object.hasOwn(this.#files, entry)) throw missing(entry, entry);
    const module = await finish(this.#at(entry).module);
    return module.namespace;
  }

  #resolve(specifier, from) {
    if (!/^\.{1,2}\//.test(specifier)) throw missing(specifier, from);
    const parts = from.split('/').slice(0, -1);
    for (const part of specifier.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.' && part !== '') parts.push(part);
    }
    const path = parts.join('/');
    const endings = ['js', 'mjs', 'cjs', 'ts', 'json'].map((ending) => `${path}.${ending}`);
    const names = [path, path.replace(/\.([cm]?)js$/, '.$1ts'), ...endings, `${path}/index.js`];
    const found = names.find((name) => Object.hasOwn(this.#files, name));
    if (found === undefined) throw missing(specifier, from);
    return found;
  }

  /** What is loaded under a path: `module` for import, `exported` for require where it is no ES module. */
  #at(path) {
    const known = this.#loaded.get(path);
    if (known !== undefined) return known;
    if (path.endsWith('.json')) return this.#keep(path, { exports: parse(this.#files[path]) });
    const run = this.#commonJs(path);
    if (run === undefined) return this.#esModule(path);
    const exported = { exports: {} };
    this.#loaded.set(path, { exported }); // two files may require each other
    run(exported.exports, (specifier) => this.#require(specifier, path), exported);
    return this.#keep(path, exported);
  }

  #keep(path, exported) {
    const entry = { exported, module: synthetic(path, exported.exports) };
    this.#loaded.set(path, entry);
    return entry;
  }

  /** The function around a CommonJS file; undefined when its text is an ES module. */
  #commonJs(path) {
    const source = this.#files[path];
    if (/\.m[jt]s$/.test(path) || !/\bexports\b|\brequire\b/.test(source)) return undefined;
    try {
      return vm.compileFunction(source, ['exports', 'require', 'module'], {
        filename: path,
        importModuleDynamically: (specifier) => this.#import(specifier, path),
      });
    } catch (error) {
      if (path.endsWith('.cjs')) throw error;
      return undefined; // it imports or exports; if the text is broken, compiling it as an ES module says so
    }
  }

  #esModule(path) {
    const module = new vm.SourceTextModule(this.#files[path], {
      identifier: path,
      importModuleDynamically: (specifier) => this.#import(specifier, path),
      initializeImportMeta: (meta) => void (meta.url = `skill:///${path}`),
    });
    const entry = { module };
    this.#loaded.set(path, entry);
    module.linkRequests(module.moduleRequests.map(({ specifier }) => this.#moduleFor(specifier, path)));
    return entry;
  }

  #moduleFor(specifier, from) {
    if (!isBuiltin(specifier)) return this.#at(this.#resolve(specifier, from)).module;
    if (!this.#loaded.has(specifier)) this.#loaded.set(specifier, synthetic(specifier, builtIn(specifier), 'stdin'));
    return this.#loaded.get(specifier);
  }

  async #import(specifier, from) {
    return await finish(this.#moduleFor(specifier, from));
  }

  #require(specifier, from) {
    if (isBuiltin(specifier)) return builtIn(specifier);
    const { exported } = this.#at(this.#resolve(specifier, from));
    if (exported !== undefined) return exported.exports;
    throw new Error(`${from} requires "${specifier}", which is an ES module; use import`);
  }
}

async function finish(module) {
  if (module.status === 'unlinked') module.instantiate();
  await module.evaluate();
  return module;
}

function missing(specifier, from) {
  const message = `${from} imports "${specifier}", which is neither a file of this skill nor a part of Node`;
  return Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
}

/** `unread` is not exported: reading the standard input of `node:process` would take it from the runner. */
function synthetic(name, exported, unread = 'default') {
  const keys = Object.keys(exported ?? {}).filter((key) => key !== 'default' && key !== unread);
  function fill() {
    this.setExport('default', exported);
    for (const key of keys) this.setExport(key, exported[key]);
  }
  return new vm.SyntheticModule(['default', ...keys], fill, { identifier: name });
}

/** The function a skill exports: as default, or named `main`. */
function functionOf(namespace) {
  const main = [namespace.default, namespace.main, namespace.default?.main, namespace.default?.default].find(
    (value) => typeof value === 'function',
  );
  if (main === undefined) throw new TypeError('the entry exports no function; write: export default (input, ctx) => …');
  return main;
}

function clip(value, limit) {
  return value === undefined || value === null ? undefined : String(value).slice(0, limit);
}

/** The facts of an error; a skill may throw anything, so reading it may fail, too. */
function describe(error) {
  try {
    const thrown = Object(error);
    const cause = Object(thrown.cause);
    return stringify({
      name: clip(thrown.name, 100) ?? typeof error,
      message: clip(thrown.message, 2000) ?? clip(error, 2000) ?? '',
      code: clip(thrown.code ?? cause.code ?? Object(cause.errors)[0]?.code, 100),
      syscall: clip(thrown.syscall ?? cause.syscall, 100),
      path: clip(thrown.path, 1000),
    });
  } catch {
    return '{"name":"Error","message":"an error that cannot be read"}';
  }
}

/** Makes printing wait until the host has read it: what is printed in a loop would pile up here, and what comes last would be lost. */
function logAtOnce() {
  let stream;
  const open = () => {
    const { Writable } = builtIn('node:stream');
    const write = (chunk, _, done) => done(writeAll(2, chunk));
    return Object.assign(new Writable({ write }), { fd: 2 });
  };
  const get = () => (stream ??= open());
  Object.defineProperties(process, { stdout: { configurable: true, get }, stderr: { configurable: true, get } });
}

async function run() {
  writeAll(1, bufferFrom('ready\n'));
  const request = parse(readLine());
  const begin = `\n${request.nonce} `;
  const send = (kind, text) => writeAll(1, bufferFrom(`${begin}${kind} ${text}\n`));
  logAtOnce();
  process.on('uncaughtExceptionMonitor', (error) => send('error', describe(error)));
  const context = createContext(createCalls(send));
  let output;
  try {
    output = await functionOf(await new Loader(request.files).load(request.entry))(request.input, context);
  } catch (error) {
    writeAll(2, bufferFrom(`${String(error?.stack ?? error).slice(0, 4000)}\n`));
    return send('error', describe(error));
  }
  try {
    const text = stringify(output);
    if (text === undefined) throw new TypeError(`it returned ${typeof output}, which JSON has no word for`);
    send('answer', text);
  } catch (error) {
    send('unfit', describe(error));
  }
}

void run();
