/** Addresses of the real engines a test run shares; tests keep apart by prefixes, never by flushing. */
export type TestStack = {
  readonly temporal: string;
  readonly temporalUi: string;
  readonly redis: string;
  readonly chroma: string;
  readonly ollama: string;
};

declare module 'vitest' {
  interface ProvidedContext {
    stack: TestStack;
  }
}
