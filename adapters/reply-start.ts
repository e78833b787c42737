/** Errors are short; what follows is not read. */
const maxErrorBytes = 64 * 1024;

/** The beginning of a reply that is an error. One that never ends must not fill the memory. */
export async function readStart({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= maxErrorBytes) break;
  }
  return text;
}
