import { readFileSync } from 'node:fs';
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, SecureClientSessionOptions } from 'node:http2';

import type { Config } from '../../domain/config/parse.ts';
import { engineAddresses } from '../../domain/config/paths.ts';

const describeNamespacePath = '/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace';
/** Field 1 of DescribeNamespaceRequest, a string: https://protobuf.dev/programming-guides/encoding/ */
const namespaceTag = 0x0a;

/**
 * Asks Temporal for its namespace and resolves with the round trip in ms; rejects with the reason. One gRPC call written by hand: the
 * client library would cost the supervisor more memory than all its other code.
 */
export async function describeNamespace(config: Config, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const session = connect(
    `${wantsTls(config) ? 'https' : 'http'}://${engineAddresses(config).temporal}`,
    tlsOptions(config),
  );
  try {
    await callOnce(session, config, signal);
    return performance.now() - startedAt;
  } finally {
    session.destroy();
  }
}

async function callOnce(session: ClientHttp2Session, config: Config, signal: AbortSignal): Promise<void> {
  const { namespace, apiKey } = config.temporal;
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    session.on('error', reject);
    session.once('close', () => reject(new Error('the connection was closed')));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: describeNamespacePath,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      'temporal-namespace': namespace,
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    });
    const settle = (headers: IncomingHttpHeaders): void => {
      const status = headers['grpc-status'];
      if (status === undefined) return;
      if (status === '0') resolve();
      else reject(new Error(`gRPC status ${status.toString()}: ${headers['grpc-message']?.toString() ?? 'no reason'}`));
    };
    stream.on('error', reject);
    stream.once('response', settle); // an early refusal has no trailers
    stream.once('trailers', settle);
    stream.resume();
    stream.end(frame(namespace));
  });
}

/** A gRPC frame (flag, length, message); a namespace has at most 100 ASCII characters, so its length is one byte. */
function frame(namespace: string): Buffer {
  const message = Buffer.from([namespaceTag, namespace.length, ...Buffer.from(namespace)]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** As the settings promise: on by itself with an API key or a certificate. */
function wantsTls({ temporal }: Config): boolean {
  const { tls, apiKey, tlsCa, tlsCert, tlsServerName } = temporal;
  return tls ?? [apiKey, tlsCa, tlsCert, tlsServerName].some((value) => value !== undefined);
}

function tlsOptions({ temporal }: Config): SecureClientSessionOptions {
  const { tlsCa, tlsCert, tlsKey, tlsServerName } = temporal;
  return {
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    ...(tlsCa !== undefined && { ca: readFileSync(tlsCa) }),
    ...(tlsCert !== undefined && { cert: readFileSync(tlsCert) }),
    ...(tlsKey !== undefined && { key: readFileSync(tlsKey) }),
  };
}
