/** Ed25519 public key, hex, of the key that signed the built-in skills of this release; written by workers/certify-skills.ts. */
export const makersKey = '647a04b05c7fe4d8de6e0862c226855c3467b6afb48138143e46f6d70f52622e';
