import type { DeliveredCode } from '../domain/approval/code.ts';
import type { CodeBox } from '../domain/ports.ts';

/** Codes for the owner's terminal. They are in the memory of this process and nowhere else, and gone once they have expired. */
export function createCodeBox(now: () => number = Date.now): CodeBox {
  let held: DeliveredCode[] = [];
  const codes = () => (held = held.filter(({ expiresAt }) => expiresAt > now()));
  return {
    name: 'terminal',
    codes,

    async deliver(code) {
      const others = codes().filter(({ action, subject }) => action !== code.action || subject !== code.subject);
      held = [...others, code];
    },
  };
}
