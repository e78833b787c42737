/** Ed25519 public key, hex, of the key that signed the built-in skills of this release; written by workers/certify-skills.ts. */
export const makersKey = 'bf4c52d94e65fdc085960b5566603fde169c1cf1b041efe82b11640edc7a4f2b';
