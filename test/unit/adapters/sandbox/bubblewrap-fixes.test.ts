import { describe, expect, it } from 'vitest';

import { startRefused } from '../../../../adapters/sandbox/bubblewrap-fixes.ts';

const free = { appArmorRestricts: false, cloneForbidden: false, noneLeft: false };

describe('a machine that refuses namespaces', () => {
  it.each([
    ['AppArmor', { ...free, appArmorRestricts: true }, 'bwrap-userns-restrict'],
    ['a switch of Debian', { ...free, cloneForbidden: true }, 'kernel.unprivileged_userns_clone=1'],
    ['a limit of the kernel', { ...free, noneLeft: true }, 'user.max_user_namespaces'],
    ['a container', free, 'SANDBOX_DRIVER=docker'],
  ])('because of %s is told the command that helps', (_, switches, fix) => {
    const error = startRefused('bwrap: setting up uid map: Permission denied', switches);
    expect(error.code).toBe('SANDBOX_UNAVAILABLE');
    expect(error.message).toContain('Permission denied');
    expect(error.message).toContain(fix);
    expect(error.details['fix']).toContain(fix);
  });

  it('is told apart from one on which something else goes wrong', () => {
    const error = startRefused('bwrap: execvp /bin/node: No such file or directory', { ...free, noneLeft: true });
    expect(error.message).toContain('it cannot start a sandbox');
  });
});
