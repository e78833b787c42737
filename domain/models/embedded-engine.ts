/**
 * The library that runs models inside Talos: its name and version in the cache of engines, and the file to load there. A model leaves the
 * memory `idleMs` after its last use.
 */
export const embeddedEngine = {
  name: 'node-llama-cpp',
  version: '3.22.1',
  program: 'node_modules/node-llama-cpp/dist/index.js',
  idleMs: 600_000,
} as const;
