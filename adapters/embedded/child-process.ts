import { createChildServer } from './child-server.ts';
import { ChildRequest, type ChildWord } from './protocol.ts';

/** The process that holds a model. It takes orders from its parent alone and ends with it. */
const [, , program = '', file = ''] = process.argv;

process.once('disconnect', () => process.exit(0));

const server = createChildServer({ program, file });
server.catch(() => undefined); // every request hears of it
const running = new Map<number, AbortController>();
let turn: Promise<void> = Promise.resolve();
let current: number | undefined;
const aborted = { type: 'failed', failure: 'aborted', text: '' } as const;

process.on('message', (message) => {
  const request = ChildRequest.parse(message);
  if (request.type === 'abort') {
    running.get(request.id)?.abort();
    // what still waits for its turn will never begin
    if (request.id !== current) say(request.id, aborted);
    return;
  }
  const controller = new AbortController();
  running.set(request.id, controller);
  turn = turn.then(() => serve(request, controller.signal)).finally(() => running.delete(request.id));
});

async function serve(request: ChildRequest, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  current = request.id;
  try {
    const { work } = await server;
    for await (const word of work(request, signal)) say(request.id, word);
  } catch (error) {
    say(request.id, signal.aborted ? aborted : await failureOf(error));
  }
}

async function failureOf(error: unknown): Promise<ChildWord> {
  try {
    return (await server).failureOf(error);
  } catch {
    const text = error instanceof Error ? error.message : String(error);
    return { type: 'failed', failure: 'broken', text: text.slice(0, 500) }; // the library itself did not load
  }
}

function say(id: number, word: ChildWord): void {
  if (process.connected) process.send?.({ id, ...word });
}
