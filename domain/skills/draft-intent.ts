/** Longest wish that is taken for one: what is longer is a text about skills, not an order. */
const longestRequest = 2000;

/** A wish for a new skill, in the words of the README. Only the beginning of a message counts, so that no quotation is an order. */
const wish =
  /^(?:(?:please|can you|could you|talos)[\s,]+)*(?:make|write|create|build)(?: me)? a (?:new )?skill (?:that|which|to|for)\s+\S/iu;

/** The request, when a message is a wish for a new skill; undefined for any other message. */
export function draftRequest(message: string): string | undefined {
  const text = message.trim();
  return text.length <= longestRequest && wish.test(text) ? text : undefined;
}
