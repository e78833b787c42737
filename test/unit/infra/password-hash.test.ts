import { describe, expect, it } from 'vitest';

import { createPasswordVerifier, hashPassword, verifyPasswordHash } from '../../../infra/password-hash.ts';

const password = 'correct horse battery';

describe('a password hash', () => {
  it('fits the password however its accents were typed', async () => {
    const hash = await hashPassword('schön lang und geheim');
    expect(await verifyPasswordHash('scho\u0308n lang und geheim', hash)).toBe(true);
    expect(await verifyPasswordHash('schon lang und geheim', hash)).toBe(false);
  });

  it.each([
    'plain text password',
    'scrypt:16384:8:5:abc:def',
    `scrypt:16383:8:5:${'s'.repeat(22)}:${'h'.repeat(43)}`,
    `scrypt:67108864:8:1:${'s'.repeat(22)}:${'h'.repeat(43)}`,
    `scrypt:16384:8:999:${'s'.repeat(22)}:${'h'.repeat(43)}`,
    `scrypt:16384:0:5:${'s'.repeat(22)}:${'h'.repeat(43)}`,
  ])('that is broken or absurdly costly fits nothing: %s', async (stored) => {
    expect(await verifyPasswordHash(password, stored)).toBe(false);
  });
});

describe('the verifier of the configured password', () => {
  it.each(['plain text', 'a hash'])('of %s takes the right one, again and again, and no other', async (kind) => {
    const configured = kind === 'a hash' ? await hashPassword(password) : password;
    const verify = await createPasswordVerifier(configured);
    const answers = [];
    for (const given of [password, password, 'wrong', password, '', `${configured}x`])
      answers.push(await verify(given));
    expect(answers).toEqual([true, true, false, true, false, false]);
  });

  it('does not take the stored hash for the password', async () => {
    const hash = await hashPassword(password);
    const verify = await createPasswordVerifier(hash);
    expect(await verify(hash)).toBe(false);
  });
});
