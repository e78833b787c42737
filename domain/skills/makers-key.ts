/** Ed25519 public key, hex, of the key that signed the built-in skills of this release; written by workers/certify-skills.ts. */
export const makersKey = '42a502451d7e7fa7b83de7880f6883d646150b193f683baba7ef4f50d5c747b9';
