import { TalosError } from '../../domain/errors.ts';
import type { SkillPermissions } from '../../domain/skills/manifest.ts';

/** The value of a secret the owner has set. */
export type SecretSource = (name: string) => string | undefined;

/** The headers with the secrets a manifest names for this host. Fails with CONFIG_INVALID when one is not set or fits no header. */
export function secretHeaders(
  host: string,
  { secrets }: Pick<SkillPermissions, 'secrets'>,
  secretOf: SecretSource,
): Record<string, string> {
  const entries = secrets
    .filter((secret) => secret.host === host)
    .map(({ name, header }) => [header.toLowerCase(), readSecret(name, secretOf)]);
  return Object.fromEntries(entries);
}

function readSecret(name: string, secretOf: SecretSource): string {
  const value = secretOf(name);
  if (value === undefined || value === '') {
    throw new TalosError('CONFIG_INVALID', `The secret ${name} is not set.`, { details: { field: name } });
  }
  if (!/^[\x20-\x7e]+$/.test(value)) {
    throw new TalosError('CONFIG_INVALID', `The secret ${name} has characters no header can carry.`, {
      details: { field: name },
    });
  }
  return value;
}
