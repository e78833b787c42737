import { readFileSync } from 'node:fs';

import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';

import type { Config } from '../domain/config/parse.ts';
import { engineAddresses } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';

/** Opens the one connection a process shares between its client and its workers, which is what makes eager start possible. */
export async function connectTemporal(config: Config): Promise<NativeConnection> {
  const options = connectionOptions(config);
  try {
    return await NativeConnection.connect(options);
  } catch (cause) {
    throw new TalosError(
      'RUNTIME_UNAVAILABLE',
      `Temporal does not answer at ${options.address}; start it with \`talos up\`.`,
      {
        cause,
      },
    );
  }
}

/** TLS is on with an API key, a certificate or TEMPORAL_TLS; a cluster needs nothing else. */
export function connectionOptions(config: Config): NativeConnectionOptions & { address: string } {
  const { apiKey, tls } = config.temporal;
  const certificates = tlsFiles(config);
  const wanted = tls ?? (apiKey !== undefined || certificates !== undefined);
  return {
    address: engineAddresses(config).temporal,
    ...(wanted && { tls: certificates ?? true }),
    ...(apiKey !== undefined && { apiKey }),
  };
}

function tlsFiles(config: Config) {
  const { tlsCa, tlsCert, tlsKey, tlsServerName } = config.temporal;
  if (tlsCa === undefined && tlsCert === undefined && tlsServerName === undefined) return undefined;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new TalosError('CONFIG_INVALID', 'TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY go together; set both or neither.', {
      details: { field: tlsCert === undefined ? 'TEMPORAL_TLS_CERT' : 'TEMPORAL_TLS_KEY' },
    });
  }
  return {
    ...(tlsServerName !== undefined && { serverNameOverride: tlsServerName }),
    ...(tlsCa !== undefined && { serverRootCACertificate: readPem(tlsCa, 'TEMPORAL_TLS_CA') }),
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        clientCertPair: { crt: readPem(tlsCert, 'TEMPORAL_TLS_CERT'), key: readPem(tlsKey, 'TEMPORAL_TLS_KEY') },
      }),
  };
}

function readPem(path: string, variable: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TalosError('CONFIG_INVALID', `${variable} names ${path}, which cannot be read.`, {
      cause,
      details: { field: variable },
    });
  }
}
