import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, isAlive, type TestHome } from '../support/home.ts';

const conversations = 10;
const perConversation = 10;
const victims = ['api', 'worker', 'temporal', 'redis', 'chroma', 'ollama'];

describe('kill -9 of any process during a hundred messages', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await createHome({ CHAT_WAIT_SECONDS: '60' });
    await home.talos('up', '--detach');
  });
  afterAll(() => home.remove());

  it('leaves a hundred answers, each once and in order', async () => {
    const finished = new AbortController();
    const killing = killAtRandom(home, finished.signal);
    const names = Array.from({ length: conversations }, (_, index) => `chaos-${index}`);
    await Promise.all(names.map((name) => converse(home, name)));
    finished.abort();
    const kills = await killing;
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
    expect(kills.length).toBeGreaterThanOrEqual(victims.length);
    expect(new Set(kills)).toEqual(new Set(victims));
  }, 600_000);

  it('leaves no process behind when Talos itself is killed', async () => {
    const { pid, children } = await home.status();
    process.kill(pid, 'SIGKILL');
    const pids = children.flatMap((child) => child.pid ?? []);
    await expect.poll(() => pids.filter(isAlive), { timeout: 30_000 }).toEqual([]);
  });
});

/** Sends the messages of one conversation one after another, each with its key until it is answered: what a careful client does. */
async function converse(home: TestHome, conversation: string): Promise<void> {
  for (let index = 0; index < perConversation; index += 1) {
    await sendUntilAnswered(home, { conversation, key: `k${index}`, text: `hello ${index}` });
  }
}

type Sent = { conversation: string; key: string; text: string };

async function sendUntilAnswered(home: TestHome, { conversation, key, text }: Sent): Promise<void> {
  for (;;) {
    const reply = await home.chat(text, { conversation, key }).catch(() => undefined);
    if (reply?.status === 200) return;
    if (reply !== undefined && reply.status !== 202 && reply.status !== 503) {
      throw new Error(`${conversation}/${key}: ${reply.status} ${JSON.stringify(reply.body)}`);
    }
    await sleep(200); // the pause between two tries of a client whose server is away
  }
}

/** Kills one process after another, each once it is back, at random moments, until told to stop and each was killed once. */
async function killAtRandom(home: TestHome, finished: AbortSignal): Promise<string[]> {
  const kills: string[] = [];
  while (!finished.aborted) {
    const open = victims.filter((name) => !kills.includes(name));
    const name = open[randomInt(Math.max(1, open.length))] ?? victims[randomInt(victims.length)] ?? 'api';
    const { children } = await home.status();
    const child = children.find((candidate) => candidate.name === name && candidate.state === 'ready');
    if (child?.pid !== undefined) {
      process.kill(child.pid, 'SIGKILL');
      kills.push(name);
    }
    await Promise.race([sleep(randomInt(500, 4000)), once(finished, 'abort')]); // random moments are the point
  }
  return kills;
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
