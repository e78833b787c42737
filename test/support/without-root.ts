/** The user nobody. */
const nobody = 65_534;

/** Does something that root may and other users may not: as nobody where the tests run as root. */
export async function withoutRoot<Value>(run: () => Value | Promise<Value>): Promise<Value> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(nobody);
  try {
    return await run();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
