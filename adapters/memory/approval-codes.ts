import { type ApprovalBook, cancel, emptyBook, issue, isOpen, redeem } from '../../domain/approval/book.ts';
import type { ApprovalLedger } from '../approval-codes.ts';

/** The ledger of approval codes in memory. */
export function createMemoryApprovalLedger(): ApprovalLedger {
  let book: ApprovalBook = emptyBook;
  const keep = <Result>(step: { book: ApprovalBook; result: Result }): Result => {
    book = step.book;
    return step.result;
  };
  return {
    issue: async (code) => keep(issue(book, code)),
    redeem: async (guess) => keep(redeem(book, guess)),

    async cancel(code) {
      book = cancel(book, code);
    },

    async open(at) {
      const codes = Object.values(book.open).filter((code) => isOpen(code, at));
      return codes.map(({ proof: _proof, ...open }) => open).toSorted((a, b) => a.issuedAt - b.issuedAt);
    },
  };
}
