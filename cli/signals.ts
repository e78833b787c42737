/**
 * An abort signal for the first of SIGINT, SIGTERM and SIGHUP; made when first asked for. A further SIGINT ends the process at once. The
 * others do not: a closed terminal sends two, its shell's and its own, and two `talos down` are no hurry either.
 */
export function createInterruption(target: NodeJS.Process): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller !== undefined) return controller.signal;
    const created = new AbortController();
    controller = created;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      target.on(name, () => {
        if (created.signal.aborted && name === 'SIGINT') target.exit(130);
        created.abort();
      });
    }
    return created.signal;
  };
}
