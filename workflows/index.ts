export { lockdown } from './lockdown.ts';
export { message } from './message.ts';
