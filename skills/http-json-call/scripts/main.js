/** Calls an HTTP API that speaks JSON and gives status and body. */
export default async ({ url, method = 'GET', query = {}, body }, ctx) => {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query)) address.searchParams.append(name, String(value));
  const reply = await ctx.fetch(address.href, {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  return { status: reply.status, isSuccess: reply.status >= 200 && reply.status < 300, body: read(text, reply.status) };
};

/** An empty answer is null; an error page need not be JSON, a success has to be. */
function read(text, status) {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (status >= 400) return text.slice(0, 1000);
    throw new Error(`the answer with status ${status} is no JSON`, { cause });
  }
}
