import { measureSandbox, reportSandbox } from './sandbox.ts';

// Sandboxes of bubblewrap beside bare Node, with limits by process and by cgroup.

reportSandbox('bubblewrap, limits by process', await measureSandbox({ useCgroups: false }));
reportSandbox('bubblewrap, limits by cgroup where they can be written', await measureSandbox({ useCgroups: true }));
