/** The phases of the nightly maintenance, in order. */
export const phaseNames = ['redis', 'memory', 'logs', 'zombies', 'health'] as const;
