/** Words around a quotation that make it an object of talk: a question, an explanation, a defence, a translation. */
const explains =
  /\b(?:what (?:does|do|is|are|would|happens)|why|how (?:do|does|can|should|would|to)|explain|meaning|means?|define|definition|examples?|detect|filter|block|prevent|regex|injections?|attacks?|jailbreaks?|translate|phrase|called|known as|classif\w+|is (?:this|it|that)|was bedeutet|bedeutet|erklar\w+|que signifie|explique\w*|que significa|significa|cosa)\b/u;

/** Words that turn the quotation back into an order. */
const obeys =
  /\b(?:(?:now|then|please|and|just|must|you|should) (?:do|follow|obey|execute|comply|apply|carry out)|(?:do|follow|obey|execute|comply with|act on|carry out) (?:it|that|this|what|the (?:quot\w+|text|instructions?|above|following|sentence))|answer accordingly|act accordingly)\b/u;

const quotations = [
  /`{3}[\s\S]{0,4000}?`{3}/gu,
  /`[^`\n]{1,600}`/gu,
  /["“”„«»][^"“”„«»\n]{1,600}["“”„«»]/gu,
  /(?<![\p{L}\p{N}])['‘‚][^'‘’‚\n]{1,600}['’](?![\p{L}\p{N}])/gu,
];

/** Someone else whom a question is about. */
const thirdParty =
  /\b(?:models?|bots?|chatbots?|llms?|users?|people|attackers?|someone|somebody|students?|employees?|prompts?|emails?|hackers?|they|agents?|assistants|pages?|attempts?|inputs?|class|staff|teams?)\b/u;

/** Somebody once told somebody else to do it. */
const reported = /\b(?:told|asked|instructed|advised|warned) ((?:[\p{L}]{1,12} ){1,3})(?:not )?to $/u;

/** A question about what somebody does or may do, up to the verb: how can I, does the new law. */
const askedOf =
  /^(?:[^,;:]{1,60}, )?(?:(?:but|so|and|then) )?(?:(?:how|why|when|where|what) )?(?:(?:do|does|did|can|could|should|would|will|may|might|must|shall) ((?:[\p{L}\p{N}'’-]{1,20} ){1,8}?)|how to )$/u;

/** Whoever is meant by that is the one who reads it. */
const reader =
  /\b(?:you|your|yourself|we|us|assistant|ai|bot|chatbot|agent|machine|system|model|llm|gpt|chatgpt|talos)\b/u;

/** A question that goes on with an order. */
const goesOn =
  /\b(?:and|then|to) (?:(?:then|just|also|instead) )?(?:say|print|write|tell|give|show|reveal|output|answer|respond|reply|act|be|do|list|repeat|sing|translate|send|run|call|delete|use)\b/u;

/** Decides whether what was found at a place in a text is only talked about. Made once per text. */
export type MentionCheck = (start: number, end: number) => boolean;

/** Looks at one normalised text: where it quotes, and whether the words outside the quotations explain rather than order. */
export function createMentionCheck(text: string): MentionCheck {
  const quoted = quotedMask(text);
  const outside = maskedText(text, quoted);
  if (obeys.test(outside)) return () => false;
  const hasFrame = explains.test(outside);
  return (start, end) => {
    if (hasFrame && quoted[start] === 1 && quoted[end - 1] === 1) return true;
    return isAskedAbout(text, start, end);
  };
}

function quotedMask(text: string): Uint8Array {
  const mask = new Uint8Array(text.length);
  for (const quotation of quotations) {
    for (const found of text.matchAll(quotation)) mask.fill(1, found.index, found.index + found[0].length);
  }
  return mask;
}

function maskedText(text: string, mask: Uint8Array): string {
  let outside = '';
  for (let at = 0; at < text.length; at += 1) outside += mask[at] === 1 ? ' ' : text.charAt(at);
  return outside;
}

/** An unquoted mention inside one question: about the words themselves, or about what a third party does. */
function isAskedAbout(text: string, start: number, end: number): boolean {
  const before =
    text
      .slice(Math.max(0, start - 200), start)
      .split(/[.!?\n]/u)
      .at(-1) ?? '';
  const after = text.slice(end, end + 200).split(/[.!\n]/u)[0] ?? '';
  const isWords = /\b(?:what (?:does|do|is|are)|meaning of|the (?:phrase|words|sentence|string)s?)[ "'“‘]{0,4}$/u.test(
    before,
  );
  if (isWords) return /^["'”’]{0,2} ?(?:mean|do|attack|prompt|injection|work|actually|really|in |\?)/u.test(after);
  const told = reported.exec(before)?.[1];
  if (told !== undefined) return thirdParty.test(before) || !reader.test(told);
  if (!after.includes('?')) return false;
  if (isAskedOfOthers(before.trimStart(), text.slice(start, end), after)) return true;
  const isQuestion = /^\s*(?:but |so |and )?(?:why|how|what|when|does|do|did|is|are|should|which)\b/u.test(before);
  return isQuestion && thirdParty.test(before) && !/\b(?:you|we|i)(?: to)? ?$/u.test(before);
}

/** Whether a question is about what anybody but its reader does or may do, and about nothing of the reader's. */
function isAskedOfOthers(before: string, hit: string, after: string): boolean {
  const asked = askedOf.exec(before);
  return asked !== null && !reader.test(`${asked[1] ?? ''} ${hit}`) && !goesOn.test(after);
}
