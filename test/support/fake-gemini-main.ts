import { startFakeGemini } from './fake-gemini.ts';

/** `node test/support/fake-gemini-main.ts PORT [KEY [MODEL...]]`: the fake as a process of its own; prints its address when ready. */
const [port = '0', key = '', ...models] = process.argv.slice(2);
const fake = await startFakeGemini({
  port: Number(port),
  ...(key !== '' && { key }),
  ...(models.length > 0 && { models }),
});
process.stdout.write(`${fake.url}\n`);
