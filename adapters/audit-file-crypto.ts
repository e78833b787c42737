import { createHash, type KeyObject, sign, verify } from 'node:crypto';

import type { AuditChecker, AuditSigner } from '../domain/audit/chain.ts';

/** SHA-256 and Ed25519 of the audit log with the private node key. */
export function createAuditSigner(privateKey: KeyObject): AuditSigner {
  return { hash: sha256, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('hex') };
}

/** The same for who only checks, with the public node key. */
export function createAuditChecker(publicKey: KeyObject): AuditChecker {
  return {
    hash: sha256,
    isSigned: (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'hex')),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
