/** The library that runs models inside Talos: its name and version in the cache of engines, and the file to load there. */
export const embeddedEngine = {
  name: 'node-llama-cpp',
  version: '3.22.1',
  program: 'node_modules/node-llama-cpp/dist/index.js',
} as const;
