/** Room for an answer; more than that, in bytes of JSON, cannot be handed on. */
const mostBytes = 1_000_000;

/** Calls an HTTP API that speaks JSON and gives status and body. */
export default async ({ url, method = 'GET', query = {}, body }, ctx) => {
  const address = URL.parse(url);
  if (address === null) return { problem: `${url} is no address`.toWellFormed() };
  for (const [name, value] of Object.entries(query)) address.searchParams.append(name, String(value));
  const sent = {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const reply = await ctx.fetch(address.href, sent).catch(asProblem);
  if ('problem' in reply) return reply;
  const { status } = reply;
  const read = readBody(await reply.text(), status);
  if ('problem' in read) return read;
  const answer = { status, isSuccess: status >= 200 && status < 300, body: read.body };
  if (new TextEncoder().encode(JSON.stringify(answer)).length <= mostBytes) return answer;
  return { problem: `the answer with status ${status} is too long; ask for less of it` };
};

/** What is due to the address that was asked for: the host refuses it, or its answer is too long. */
function asProblem(error) {
  if (!['PERMISSION_DENIED', 'VALIDATION_FAILED', 'BODY_TOO_LARGE'].includes(error.code)) throw error;
  return { problem: error.message.slice(0, 500).toWellFormed() };
}

/** An empty answer is null; an error page need not be JSON, a success has to be. */
function readBody(text, status) {
  if (text.trim() === '') return { body: null };
  const problem = `the answer with status ${status} is no JSON that can be handed on`;
  try {
    const body = JSON.parse(text, sound);
    return isShallow(text) ? { body } : { problem };
  } catch {
    return status >= 400 ? { body: shorten(text, 1000) } : { problem };
  }
}

/** Without what breaks things later: half characters, and a name that is none of a field. */
function sound(name, value) {
  if (/^_+proto_+$/.test(name) || !name.isWellFormed()) return undefined;
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Whether brackets nest no deeper than an answer may; those in strings count as well. */
function isShallow(text) {
  let depth = 0;
  for (const [sign] of text.matchAll(/[[\]{}]/g)) {
    depth += sign === '[' || sign === '{' ? 1 : -1;
    if (depth > 150) return false;
  }
  return true;
}

/** The beginning of a text, without half a character at its end. */
function shorten(text, length) {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
