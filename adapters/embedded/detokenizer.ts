import type { LlamaModel, Token } from './library.ts';

/** Tokens that may share one character; more and the bytes are no UTF-8. */
const mostPending = 8;

/** Tokens before a piece that decide how it is written, such as whether a space comes first. */
const lookBack = 4;

/** Makes text of tokens as they come; one that ends inside a character is held back. */
export function createDetokenizer(model: Pick<LlamaModel, 'detokenize'>, before: readonly Token[]) {
  let pending: Token[] = [];
  let last = before.slice(-lookBack);

  function take(): string {
    const text = model.detokenize(pending, true, last);
    last = [...last, ...pending].slice(-lookBack);
    pending = [];
    return text;
  }

  return {
    push(token: Token): string {
      pending.push(token);
      const isWhole = !model.detokenize(pending, true, last).endsWith('\uFFFD');
      return isWhole || pending.length >= mostPending ? take() : '';
    },
    flush: (): string => (pending.length === 0 ? '' : take()),
  };
}
