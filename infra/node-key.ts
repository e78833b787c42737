import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

import { TalosError } from '../domain/errors.ts';
import { createWhole } from './files.ts';

/** Makes the Ed25519 key of the node (PKCS #8, PEM, mode 600) unless there is one; tells whether it made it. */
export function createNodeKey(path: string): boolean {
  const { privateKey } = generateKeyPairSync('ed25519');
  return createWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
}

/** The private key of the node. Fails with CONFIG_INVALID when the file is missing, open to others or no Ed25519 key. */
export function readNodeKey(path: string): KeyObject {
  const key = parseKey(path);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TalosError('CONFIG_INVALID', `${path} is a ${key.asymmetricKeyType} key; the node key must be Ed25519`);
  }
  return key;
}

function parseKey(path: string): KeyObject {
  try {
    if ((statSync(path).mode & 0o177) === 0) return createPrivateKey(readFileSync(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TalosError(
      'CONFIG_INVALID',
      `The node key ${path} cannot be read (${reason}); restore it from a backup, or start with an empty TALOS_HOME`,
      { cause: error, details: { field: path } },
    );
  }
  const fix = `chmod 600 ${path}`;
  throw new TalosError('CONFIG_INVALID', `The node key ${path} is open to others; run: ${fix}`, {
    details: { field: path, fix },
  });
}
