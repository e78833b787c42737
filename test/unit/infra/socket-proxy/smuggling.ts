import { sandboxContainerBody } from '../../../../domain/sandbox/container.ts';
import { request } from './raw-http.ts';

const text = JSON.stringify(sandboxContainerBody({ runtime: 'node', memoryMiB: 128 }));
const chunked = 'Transfer-Encoding: chunked';
const post = ['POST /containers/create HTTP/1.1', 'Host: docker'];
const pull = request('POST', '/images/create?fromImage=alpine');
const lines = (...all: string[]): string => all.join('\r\n');

/** Requests that two parsers might read in two ways. */
export const smuggling: Readonly<Record<string, string>> = {
  'sends in chunks': lines(...post, chunked, '', '2', '{}', '0', '', ''),
  'sends an honest body in chunks': lines(...post, chunked, '', text.length.toString(16), text, '0', '', ''),
  'has a length and chunks': lines(...post, 'Content-Length: 6', chunked, '', '0', '', pull),
  'has chunks and a length': lines(...post, chunked, 'Content-Length: 4', '', '5c', pull, '0', '', ''),
  'has chunks in disguise': lines(...post, 'Transfer-Encoding: xchunked', 'Content-Length: 0', '', pull),
  'has chunks by a tab': lines(...post, 'Transfer-Encoding:\tchunked', '', '0', '', pull),
  'has chunks twice': lines(...post, chunked, 'Transfer-Encoding: identity', '', '0', '', pull),
  'has a space before the colon': lines(...post, 'Transfer-Encoding : chunked', '', '0', '', pull),
  'folds a header': lines(...post, 'Content-Length: 0', 'X: y', ' Transfer-Encoding: chunked', '', pull),
  'has two lengths': lines(...post, 'Content-Length: 0', `Content-Length: ${pull.length}`, '', pull),
  'has a list of lengths': lines(...post, `Content-Length: 0, ${pull.length}`, '', pull),
  'has a negative length': lines(...post, 'Content-Length: -1', '', pull),
  'has a signed length': lines(...post, 'Content-Length: +2', '', '{}'),
  'has a hexadecimal length': lines(...post, 'Content-Length: 0x2', '', '{}'),
  'has an endless length': lines(...post, `Content-Length: ${'9'.repeat(30)}`, '', '{}'),
  'announces too much': lines(...post, 'Content-Length: 70000', '', ''),
  'ends lines without a return': [...post, 'Content-Length: 0', '', pull].join('\n'),
  'hides a header behind a return': lines(...post, 'X: y\rTransfer-Encoding: chunked', 'Content-Length: 0', '', pull),
  'hides a header behind a zero byte': lines(...post, 'X: \0', 'Content-Length: 0', '', pull),
  'sends a call behind a refused one': `${request('GET', '/info')}${pull}`,
  'sends an honest call behind a refused one': `${request('GET', '/info')}${request('POST', '/containers/create', text)}`,
  'upgrades behind a refused call': `${request('GET', '/info')}${request('POST', '/session', '', 'h2c')}`,
  'hides a call in a body': request('GET', '/info', pull),
  'expects to be continued': lines(...post, 'Content-Length: 2', 'Expect: 100-continue', '', ''),
  'expects something else': lines(...post, 'Content-Length: 2', 'Expect: 200-ok', '', '{}'),
  'speaks HTTP/1.0': lines('GET /version HTTP/1.0', 'Host: docker', '', ''),
  'speaks HTTP/0.9': 'GET /version\r\n\r\n',
  'speaks HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'speaks no HTTP': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'names no host': 'GET /version HTTP/1.1\r\n\r\n',
  'has endless headers': lines(...post, `X: ${'y'.repeat(20_000)}`, '', ''),
  'has a trailer': lines(...post, 'Trailer: X', 'Content-Length: 0', '', ''),
};
