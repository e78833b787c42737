import { describe, expect, it } from 'vitest';

import { parseListeningInodes, parseLsof } from '../../../infra/port-holder.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 51234 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 51235 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0
`;
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 9001 1 0000000000000000 100 0 0 10 0
`;

describe('who listens on a port', () => {
  it('is read from the kernel table: listening sockets of that port alone', () => {
    expect(parseListeningInodes(table, 8080)).toEqual(['51234']);
    expect(parseListeningInodes(table, 22)).toEqual(['777']);
    expect(parseListeningInodes(table, 8081)).toEqual([]);
  });

  it('is read from the table of IPv6 sockets', () => {
    expect(parseListeningInodes(table6, 8080)).toEqual(['9001']);
  });

  it('is nobody in an empty or cut table', () => {
    expect(parseListeningInodes('', 8080)).toEqual([]);
    expect(parseListeningInodes('header\n   0: 0100007F:1F90 0000', 8080)).toEqual([]);
  });

  it('is read from the output of lsof', () => {
    expect(parseLsof('p4711\ncnode\nf20\n')).toEqual({ pid: 4711, command: 'node' });
    expect(parseLsof('')).toBeUndefined();
  });
});
