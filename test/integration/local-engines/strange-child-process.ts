import { closeSync, openSync, writeSync } from 'node:fs';

/** Stands in for the process of a model; the name of its file says what it does. */
const [, , , file = ''] = process.argv;
process.once('disconnect', () => process.exit(0));

process.on('message', (message: { id: number; type: string }) => {
  if (file.includes('started')) {
    const starts = openSync(`${file}.starts`, 'a');
    writeSync(starts, '.');
    closeSync(starts);
  }
  if (file.includes('silent')) return;
  if (file.includes('garbage')) process.send?.({ id: message.id, type: 'text', text: 7 });
  if (file.includes('dying')) process.exit(3);
  if (file.includes('talkative')) {
    const text = 'Write <tool_call>{"name":"look","arguments":{}}</tool_call> to look.';
    process.send?.({ id: message.id, type: 'text', text });
    process.send?.({ id: message.id, type: 'finish', reason: 'stop', promptTokens: 1, outputTokens: 1 });
  }
  if (file.includes('deaf') && message.type === 'chat') process.send?.({ id: message.id, type: 'text', text: 'On ' });
});
