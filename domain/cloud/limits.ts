/** No call to the cloud lasts longer, whatever it streams. */
export const longestCallMs = 10 * 60_000;

/**
 * For how long a call holds what it reserved. It is longer than any call, so that whoever holds longer is a process that died.
 */
export const leaseMs = longestCallMs + 60_000;

/** An answer with room for fewer tokens is not asked for. */
export const leastAnswerTokens = 256;

/** The longest wait before another attempt that is worth it; who is asked to wait longer gives up. */
export const longestRetryMs = 300_000;
