import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, isAlive, type TestHome } from '../support/home.ts';

const conversations = 10;
const perConversation = 10;
/** Longer than any engine takes to come back, however often it was killed. */
const patienceMs = 180_000;
const victims = ['api', 'worker', 'temporal', 'redis', 'chroma', 'ollama'];

describe('kill -9 of any process during a hundred messages', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await createHome({ CHAT_WAIT_SECONDS: '60' });
    await home.talos('up', '--detach');
  });
  afterAll(() => home.remove());

  it('leaves a hundred answers, each once and in order', async () => {
    const answered = createCounter();
    const names = Array.from({ length: conversations }, (_, index) => `chaos-${index}`);
    await Promise.all([killAtRandom(home, answered), ...names.map((name) => converse(home, name, answered))]);
    await expect.poll(() => isAnswering(home), { timeout: 60_000, interval: 200 }).toBe(true);

    for (const name of names) {
      const messages = await readConversation(home, name);
      expect(messages.map((message) => message.text)).toEqual(
        Array.from({ length: perConversation }, (_, i) => `hello ${i}`),
      );
      expect(messages.map((message) => message.state)).toEqual(messages.map(() => 'answered'));
      expect(messages.every((message) => message.reply === 'Hello from the built-in test model.')).toBe(true);
      const times = messages.map((message) => message.finishedAt);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  }, 600_000);

  it('leaves no process behind when Talos itself is killed', async () => {
    const { pid, children } = await home.status();
    process.kill(pid, 'SIGKILL');
    const pids = children.flatMap((child) => child.pid ?? []);
    await expect.poll(() => pids.filter(isAlive), { timeout: 30_000 }).toEqual([]);
  });
});

/** Sends the messages of one conversation one after another, each with its key until it is answered: what a careful client does. */
async function converse(home: TestHome, conversation: string, answered: Counter): Promise<void> {
  for (let index = 0; index < perConversation; index += 1) {
    await sendUntilAnswered(home, { conversation, key: `k${index}`, text: `hello ${index}` });
    answered.add();
  }
}

type Sent = { conversation: string; key: string; text: string };

async function sendUntilAnswered(home: TestHome, { conversation, key, text }: Sent): Promise<void> {
  for (const givingUp = AbortSignal.timeout(patienceMs); ;) {
    const reply = await home.chat(text, { conversation, key }).catch((error: unknown) => String(error));
    if (typeof reply === 'object' && reply.status === 200) return;
    const said = `${conversation}/${key}: ${typeof reply === 'string' ? reply : `${reply.status} ${JSON.stringify(reply.body)}`}`;
    // A message that has ended with a 503 gives the same one until patience is at an end: no try changes it, nor sends it anew.
    const isOver = typeof reply === 'object' && reply.status >= 400 && reply.status !== 503;
    if (isOver || givingUp.aborted) throw new Error(`${said}\n${(await home.talos('status')).stdout}`);
    await sleep(200); // the pause between two tries of a client whose server is away
  }
}

/** Kills every process twice, in random order, each at a random moment of its own stretch of the hundred messages. */
async function killAtRandom(home: TestHome, answered: Counter): Promise<void> {
  const order = [...shuffled(victims), ...shuffled(victims)];
  const stretch = Math.floor((conversations * perConversation) / (order.length + 1));
  for (const [place, name] of order.entries()) {
    await answered.reached(place * stretch + randomInt(stretch));
    const pid = await readyPid(home, name);
    process.kill(pid, 'SIGKILL');
  }
}

async function readyPid(home: TestHome, name: string): Promise<number> {
  for (const givingUp = AbortSignal.timeout(patienceMs); ; givingUp.throwIfAborted()) {
    const { children } = await home.status();
    const child = children.find((candidate) => candidate.name === name && candidate.state === 'ready');
    if (child?.pid !== undefined) return child.pid;
    await sleep(100); // nothing tells when a child is ready again
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(randomInt(rest.length), 1));
}

type Counter = ReturnType<typeof createCounter>;

/** Counts answers, and tells who waits for a number of them. */
function createCounter() {
  const waiting: { count: number; resume: () => void }[] = [];
  let total = 0;
  return {
    add(): void {
      total += 1;
      for (const { count, resume } of waiting) if (count <= total) resume();
    },
    async reached(count: number): Promise<void> {
      if (total < count) await new Promise<void>((resume) => waiting.push({ count, resume }));
    },
  };
}

async function isAnswering(home: TestHome): Promise<boolean> {
  const response = await fetch(`${home.url}/health`).catch(() => undefined); // the last kill may have been the API
  return response?.status === 200;
}

type StoredMessage = { text: string; state: string; reply: string; finishedAt: number };

async function readConversation(home: TestHome, name: string): Promise<StoredMessage[]> {
  const response = await fetch(`${home.url}/conversations/${name}?limit=100`, {
    headers: { authorization: await home.authorization() },
  });
  const body = (await response.json()) as { messages: StoredMessage[] };
  return body.messages;
}
