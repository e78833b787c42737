import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';

// Runs while the image is built: brings the production dependencies, removes what other platforms need, and makes the folder that
// becomes the state volume (a new volume takes over its owner).

const broughtLock = 'node_modules/.installed-lock.json';
const brought = existsSync(broughtLock) && readFileSync(broughtLock).equals(readFileSync('package-lock.json'));
if (!brought) {
  rmSync('node_modules', { recursive: true, force: true });
  const npm = spawnSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
  // A base without npm is one of base.sh; it brings the dependencies of the lock file it was made with.
  if (npm.error !== undefined) throw new Error('package-lock.json has changed: run infra/docker/base.sh again');
  if (npm.status !== 0) throw new Error(`npm ci ended with ${npm.status}`);
}

// The Temporal SDK ships its native part for five platforms of 30 MB each.
const releases = 'node_modules/@temporalio/core-bridge/releases';
const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
for (const release of readdirSync(releases)) {
  if (release !== `${machine}-unknown-linux-gnu`) rmSync(`${releases}/${release}`, { recursive: true });
}
mkdirSync('/state');
