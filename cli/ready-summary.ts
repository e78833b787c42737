import { homePaths } from '../domain/config/paths.ts';
import type { Environment } from '../domain/config/parse.ts';
import { webAddress } from '../infra/stack.ts';
import type { Stack } from '../infra/stack.ts';

/** What a person wants to know once Talos is ready. Holds the password the one time it was generated. */
export function readySummary(stack: Stack, processEnvironment: Environment): string[] {
  const { config, made } = stack;
  const { home, envFile } = homePaths(config);
  const temporalUi =
    config.temporal.address === undefined ? [`  Temporal  http://127.0.0.1:${config.ports.temporalUi}`] : [];
  return [
    ...(made.directories.length > 0 ? [`Talos lives in ${home} from now on.`] : []),
    `Talos is ready at ${webAddress(config)}`,
    `  sign in   ${config.web.user}, ${whereThePasswordIs(made.password, envFile, processEnvironment)}`,
    ...temporalUi,
  ];
}

function whereThePasswordIs(generated: string | undefined, envFile: string, env: Environment): string {
  if (generated !== undefined) return `password ${generated} (shown this once; it lies in ${envFile})`;
  const isFromProcess = (env['BASIC_AUTH_PASS'] ?? '').trim() !== '';
  return isFromProcess ? 'password as in BASIC_AUTH_PASS of the environment' : `password as in ${envFile}`;
}
