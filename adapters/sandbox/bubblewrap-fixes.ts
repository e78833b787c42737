import { TalosError } from '../../domain/errors.ts';

/** What the kernel of this machine allows, as /proc/sys says; undefined where it has no such switch. */
export type NamespaceSwitches = {
  readonly appArmorRestricts: boolean;
  readonly cloneForbidden: boolean;
  readonly noneLeft: boolean;
};

/** The command that installs bubblewrap on Debian, Ubuntu and Mint. */
export const installBubblewrap = 'sudo apt-get install -y bubblewrap';

const profile = 'bwrap-userns-restrict';

const useDocker = 'SANDBOX_DRIVER=docker ./talos up';
/** How bwrap words that the kernel refuses. */
const refusal = /namespace|uid map|not permitted|permission denied|no space left/i;

/** Says why bwrap cannot start anything here, and the command that mends it. */
export function startRefused(said: string, switches: NamespaceSwitches): TalosError {
  const { reason, fix } = refusal.test(said)
    ? reasonFor(switches)
    : { reason: 'it cannot start a sandbox', fix: useDocker };
  return unavailable(`${reason} (bwrap said: ${said.trim() || 'nothing'})`, fix);
}

/** Says that a skill would run here without all its limits, which none does. */
export function limitsRefused(said: string): TalosError {
  return unavailable(`no cgroup can be written here, and its files cannot be counted instead (${said})`, useDocker);
}

/** An error that names what is missing and the fix. */
export function unavailable(reason: string, fix: string): TalosError {
  const message = `The bubblewrap sandbox cannot be used: ${reason}. Run: ${fix}`;
  return new TalosError('SANDBOX_UNAVAILABLE', message, { details: { driver: 'bubblewrap', fix } });
}

function reasonFor(switches: NamespaceSwitches): { reason: string; fix: string } {
  if (switches.appArmorRestricts)
    return {
      reason: 'AppArmor keeps programs without a profile from making user namespaces, and bubblewrap has none here',
      fix: [
        'sudo apt-get install -y apparmor-profiles',
        `sudo install -m 644 /usr/share/apparmor/extra-profiles/${profile} /etc/apparmor.d/${profile}`,
        `sudo apparmor_parser -r /etc/apparmor.d/${profile}`,
      ].join(' && '),
    };
  if (switches.cloneForbidden)
    return {
      reason: 'the kernel lets only root make user namespaces',
      fix: 'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    };
  if (switches.noneLeft)
    return {
      reason: 'the kernel allows no user namespaces',
      fix: 'sudo sysctl -w user.max_user_namespaces=15000',
    };
  return {
    reason: 'namespaces are refused here, as inside of most containers; there the Docker sandbox is the one to use',
    fix: useDocker,
  };
}
