import { createDockerDriver } from '../../adapters/sandbox/docker.ts';

// A worker that holds a running sandbox until somebody kills it.
const [, , proxyUrl = ''] = process.argv;
const program = await createDockerDriver(proxyUrl).start({ runtime: 'node', memoryMiB: 64 });
program.stdout.once('data', () => process.stdout.write('running\n'));
