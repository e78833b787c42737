import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

import type { CertificateChecker, CertificateSigner } from '../domain/skills/certificate-seal.ts';

/** SHA-256 and Ed25519 of promotion certificates with the private node key. */
export function createCertificateSigner(privateKey: KeyObject): CertificateSigner {
  return {
    hash: sha256,
    publicKey: publicKeyHex(privateKey),
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('hex'),
  };
}

/** The same for who only checks: the key comes with each certificate. */
export function createCertificateChecker(): CertificateChecker {
  return {
    hash: sha256,
    isSigned: (text, signature, publicKey) => {
      try {
        return verify(null, Buffer.from(text), fromHex(publicKey), Buffer.from(signature, 'hex'));
      } catch {
        return false; // 32 bytes that are no key
      }
    },
  };
}

/** The Ed25519 public key that belongs to a private or public key, as 64 hexadecimal digits. */
export function publicKeyHex(key: KeyObject): string {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('hex');
}

function fromHex(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
