import type { Environment } from '../domain/config/parse.ts';

/** Variables an engine may see: where things are, language, proxies, graphics cards. Secrets of Talos are not among them. */
const passed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|LD_LIBRARY_PATH|SSL_CERT_\w+|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|(CUDA|NVIDIA|HIP|ROCR|HSA|GPU|GGML|OLLAMA)_\w+)$/;

/** What an engine inherits from the environment of Talos. */
export function engineEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(known(env).filter(([name]) => passed.test(name)));
}

/** What a process of Talos itself inherits: everything, with the home made absolute. It reads `talos.env` by itself. */
export function talosEnvironment(env: Environment, home: string): Record<string, string> {
  return { ...Object.fromEntries(known(env)), TALOS_HOME: home };
}

function known(env: Environment): [string, string][] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}
