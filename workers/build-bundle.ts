import { buildBundle } from './bundle.ts';

try {
  process.stdout.write(`${await buildBundle()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
