/** An abort signal for the first of SIGINT, SIGTERM and SIGHUP; made when first asked for. A second signal ends the process. */
export function createInterruption(target: NodeJS.Process): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller !== undefined) return controller.signal;
    const created = new AbortController();
    controller = created;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      target.on(name, () => {
        if (created.signal.aborted) target.exit(130);
        created.abort();
      });
    }
    return created.signal;
  };
}
