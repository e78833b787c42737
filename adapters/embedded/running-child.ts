import { type ChildProcess, fork } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { died, type EmbeddedCall, unreadable } from './failures.ts';
import { ChildReply, type ChildRequest } from './protocol.ts';
import { createReplyQueue, type ReplyQueue } from './reply-queue.ts';

export type ChildOptions = EmbeddedCall & {
  /** The file the library begins with. */
  readonly program: string;
  /** Another program to run in place of the real one. */
  readonly childFile?: string;
  /** Told when nothing is under way any more, and when the process ends or has ended, perhaps twice. */
  onQuiet(): void;
  onEnd(): void;
};

/** A request without the number the process gives it. */
export type Order = ChildRequest extends infer Request
  ? Request extends ChildRequest
    ? Omit<Request, 'id'>
    : never
  : never;

/** A process with one model in it. */
export type RunningChild = {
  ask(order: Order): Asked;
  isQuiet(): boolean;
  kill(): void;
};

/** What the process says to one order; `abandon` tells it that nobody listens any more. */
export type Asked = Pick<ReplyQueue, 'next'> & { abandon(): void };

const ownChild = fileURLToPath(new URL('child-process.ts', import.meta.url));

/** How long a process may take to hear that an answer is no longer wanted. */
const abortGraceMs = 2000;

/** As for every process of Talos that mostly waits; the model lies outside of this memory. */
const flags = ['--max-semi-space-size=8'];

function forkChild({ childFile = ownChild, program, file }: ChildOptions): ChildProcess {
  return fork(childFile, [program, file], {
    execArgv: flags,
    env: {}, // no secret of ours reaches it
    cwd: dirname(program),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

/** Starts the process of a model. It ends with this one, and nothing here waits for it while it is idle. */
export function startChild(options: ChildOptions): RunningChild {
  const queues = new Map<number, ReplyQueue>();
  let lastId = 0;
  const child = forkChild(options);
  const kill = () => {
    options.onEnd(); // whoever comes now gets another one
    child.kill('SIGKILL'); // it has nothing to save
  };
  process.once('exit', kill);
  child.unref();
  child.channel?.unref();

  function failAll(error: Error): void {
    for (const queue of queues.values()) queue.fail(error);
  }

  function end(how: string): void {
    process.off('exit', kill);
    options.onEnd();
    failAll(died(options, how));
  }

  function settle(id: number): void {
    queues.delete(id);
    if (queues.size > 0) return;
    child.channel?.unref();
    options.onQuiet();
  }

  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  child.on('message', (message) => {
    const reply = ChildReply.safeParse(message);
    if (reply.success) queues.get(reply.data.id)?.push(reply.data);
    else {
      failAll(unreadable(options, 'what is no reply'));
      kill();
    }
  });

  return {
    ask(order) {
      const id = (lastId += 1);
      const queue = createReplyQueue();
      queues.set(id, queue);
      queue.whenOver(() => settle(id));
      child.channel?.ref();
      child.send({ ...order, id }, (error) => error !== null && queue.fail(died(options, error.message)));
      return {
        next: (signal) => queue.next(signal),
        abandon() {
          if (queue.isOver() || !child.connected) return;
          const timer = setTimeout(kill, abortGraceMs).unref();
          queue.whenOver(() => clearTimeout(timer));
          child.send({ type: 'abort', id }, () => undefined); // one that has ended needs no telling
        },
      };
    },
    isQuiet: () => queues.size === 0,
    kill,
  };
}
