/** What to do about a prompt that is longer than a window, both in tokens: a model may have a shorter one than it is asked for. */
export function overflowFix(window: number, wanted: number): string {
  return window < wanted
    ? `it has ${window} tokens and no more, so set QWEN_CONTEXT_LENGTH=${window} or choose another model`
    : 'raise QWEN_CONTEXT_LENGTH or send less text';
}
