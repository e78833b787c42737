import { closeSync, existsSync, openSync, writeSync } from 'node:fs';

/** Stands in for the process of a model; the name of its file says what it does. */
const [, , , file = ''] = process.argv;
process.once('disconnect', () => process.exit(0));

process.on('message', (message: { id: number; type: string }) => {
  if (file.includes('started')) countStart();
  if (file.includes('silent')) return;
  if (file.includes('late')) loadOnceTold(message.id);
  if (file.includes('garbage')) process.send?.({ id: message.id, type: 'text', text: 7 });
  if (file.includes('dying')) process.exit(3);
  if (file.includes('talkative')) talk(message.id);
  if (file.includes('deaf') && message.type === 'chat') process.send?.({ id: message.id, type: 'text', text: 'On ' });
});

function countStart(): void {
  const starts = openSync(`${file}.starts`, 'a');
  writeSync(starts, '.');
  closeSync(starts);
}

function talk(id: number): void {
  const text = 'Write <tool_call>{"name":"look","arguments":{}}</tool_call> to look.';
  process.send?.({ id, type: 'text', text });
  process.send?.({ id, type: 'finish', reason: 'stop', promptTokens: 1, outputTokens: 1 });
}

function loadOnceTold(id: number): void {
  const looking = setInterval(() => {
    if (!existsSync(`${file}.go`)) return;
    clearInterval(looking);
    process.send?.({ id, type: 'loaded', tools: false, thinking: false });
  }, 20);
}
