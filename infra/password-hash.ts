import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of new hashes: 16 MiB and about 0.1 s, as OWASP advises for scrypt with p=5. */
const cost = { N: 16_384, r: 8, p: 5 };
const hashBytes = 32;

/** Nothing made by hashPassword needs more; a stored hash that asks for more is refused and not computed. */
const maxMemory = 64 * 1024 * 1024;

type Parts = {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
};

/** Hashes a password as `scrypt:<N>:<r>:<p>:<salt base64url>:<hash base64url>`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, { ...cost, salt, hash: Buffer.alloc(hashBytes) });
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join(':');
}

/** Whether a password belongs to a hash of hashPassword; compares in constant time. False for what is no such hash. */
export async function verifyPasswordHash(password: string, stored: string): Promise<boolean> {
  const parts = parseHash(stored);
  if (parts === undefined) return false;
  return timingSafeEqual(await derive(password, parts), parts.hash);
}

/** A check of passwords that never holds the right one in plain text. */
export type PasswordVerifier = (password: string) => Promise<boolean>;

/**
 * The check for a configured password or hash. A password found right is recognised from then on by a keyed digest that lives in memory
 * only, since the slow hash on every request would be most of its cost; a wrong one always costs the slow hash.
 */
export async function createPasswordVerifier(configured: string): Promise<PasswordVerifier> {
  const stored = parseHash(configured) === undefined ? await hashPassword(configured) : configured;
  const key = randomBytes(32);
  const digest = (password: string): Buffer => createHmac('sha256', key).update(password.normalize('NFC')).digest();
  let right: Buffer | undefined;
  return async (password) => {
    const given = digest(password);
    if (right !== undefined && timingSafeEqual(given, right)) return true;
    if (!(await verifyPasswordHash(password, stored))) return false;
    right = given;
    return true;
  };
}

const hashForm = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w-]{16,64}):([\w-]{22,86})$/;

function parseHash(stored: string): Parts | undefined {
  const [, N, r, p, salt, hash] = hashForm.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const parts = { N: Number(N), r: Number(r), p: Number(p) };
  if (!isAffordable(parts)) return undefined;
  return { ...parts, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

/** What scrypt takes at all (N a power of two) and at a cost a request may have. */
function isAffordable({ N, r, p }: Pick<Parts, 'N' | 'r' | 'p'>): boolean {
  const isPowerOfTwo = N > 1 && Number.isInteger(Math.log2(N));
  return isPowerOfTwo && r >= 1 && p >= 1 && p <= 16 && 128 * N * r <= maxMemory;
}

/** NFC, so that the same password typed on another keyboard is the same. */
function derive(password: string, { N, r, p, salt, hash }: Parts): Promise<Buffer> {
  const options = { N, r, p, maxmem: 2 * maxMemory };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hash.length, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
