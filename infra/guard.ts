import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { markVariable } from '../domain/night/supervisor-mark.ts';
import { identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * Outlives the supervisor, however that ends, and then stops the process groups still there. Reads `+<group>:<start time>:<signal>`
 * and `-<group>` lines; at the end of its input it sends each group its signal and, ten seconds later, KILL. A group whose
 * leader has another start time is somebody else's by now. Last come processes that left their group but carry the mark ($1).
 */
const script = `
trap '' HUP INT TERM
groups=
while IFS= read -r line; do
  rest=
  case $line in
    +*) groups="$groups \${line#+}" ;;
    -*) for entry in $groups; do [ "\${entry%%:*}" = "\${line#-}" ] || rest="$rest $entry"; done; groups=$rest ;;
  esac
done
started() {
  IFS= read -r stat 2>/dev/null </proc/$1/stat || return 0
  set -- \${stat##*) }
  echo "\${20}"
}
ours() {
  group=\${1%%:*}; entry=\${1#*:}
  kill -s 0 -- "-$group" 2>/dev/null || return 1
  now=$(started "$group")
  [ -z "$now" ] || [ "$now" = "\${entry%%:*}" ]
}
for g in $groups; do ours "$g" && kill -s "\${g##*:}" -- "-\${g%%:*}" 2>/dev/null; done
tries=0
while [ $tries -lt 100 ]; do
  left=
  for g in $groups; do ours "$g" && left=yes; done
  [ -n "$left" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for g in $groups; do ours "$g" && kill -s KILL -- "-\${g%%:*}" 2>/dev/null; done
for place in $(grep -lsxzF "$1" /proc/[0-9]*/environ 2>/dev/null); do
  place=\${place#/proc/}
  kill -s KILL "\${place%%/*}" 2>/dev/null
done
exit 0
`;

/** A watchman in a session of its own that stops the children when the supervisor is gone. */
export interface Guard {
  readonly identity: ProcessIdentity | undefined;
  watch(group: ProcessIdentity, stopSignal: 'SIGTERM' | 'SIGINT'): void;
  forget(groupId: number): void;
  /** Lets the guard do its last round and end. */
  close(): void;
}

/** Starts the guard of a supervisor; should somebody kill it, the next one takes over. */
export function startGuard(mark: string): Guard {
  const lines = new Map<number, string>();
  let closed = false;
  let guard = spawnGuard();

  function spawnGuard(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', script, 'talos-guard', `${markVariable}=${mark}`], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/bin:/bin' },
    });
    child.stdin?.on('error', () => undefined); // the guard was killed; its exit starts another
    child.once('exit', () => {
      if (closed) return;
      guard = spawnGuard();
      for (const line of lines.values()) guard.stdin?.write(line);
    });
    child.unref();
    return child;
  }

  return {
    get identity() {
      return guard.pid === undefined ? undefined : identify(guard.pid);
    },
    watch(group, stopSignal) {
      const line = `+${group.pid}:${group.startedAt.replaceAll(/\W/g, '_')}:${stopSignal.slice(3)}\n`;
      lines.set(group.pid, line);
      guard.stdin?.write(line);
    },
    forget(groupId) {
      lines.delete(groupId);
      guard.stdin?.write(`-${groupId}\n`);
    },
    close() {
      closed = true;
      guard.stdin?.end();
    },
  };
}
