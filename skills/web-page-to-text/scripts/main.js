import { readPage } from './page.js';

/** Fetches a page and gives its readable text. */
export default async ({ url, maxCharacters = 20_000 }, ctx) => {
  const address = URL.parse(url);
  if (address === null) return { problem: `${url} is no address`.toWellFormed() };
  const reply = await ctx.fetch(address.href, { headers: { accept: 'text/html, text/plain' } }).catch(asProblem);
  if ('problem' in reply) return reply;
  const { status, encoding = 'utf8' } = reply;
  // Later it may well answer: that is no answer but a failure, to be tried again.
  if (status === 429 || status >= 500) throw new Error(`${url} answered with status ${status}`);
  if (status !== 200) return { problem: `${url} answered with status ${status}` };
  if (encoding !== 'utf8') return { problem: `${url} is no text in UTF-8` };
  const { title, text } = readPage(await reply.text());
  return {
    title: shorten(title, 300),
    text: shorten(text, maxCharacters),
    characters: text.length,
    isCut: text.length > maxCharacters,
  };
};

/** What is due to the address that was asked for: the host refuses it, or its answer is too long. */
function asProblem(error) {
  if (!['PERMISSION_DENIED', 'VALIDATION_FAILED', 'BODY_TOO_LARGE'].includes(error.code)) throw error;
  return { problem: error.message.slice(0, 500).toWellFormed() };
}

/** The beginning of a text, without half a character at its end. */
function shorten(text, length) {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
