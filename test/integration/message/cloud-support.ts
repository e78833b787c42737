import { TalosError } from '../../../domain/errors.ts';
import type { TestPorts } from '../../support/talos.ts';

/** What an engine that is not there fails with, at the last attempt. */
export function unreachable(): TalosError {
  return new TalosError('MODEL_UNAVAILABLE', 'No engine; start it.', {
    details: { reason: 'unreachable', final: true },
  });
}

/** The local engine; with a failure it fails at whatever it is asked. */
export function withEngine(ports: TestPorts, failure: TalosError | undefined): TestPorts {
  if (failure === undefined) return ports;
  const fail = () => Promise.reject(failure);
  return {
    ...ports,
    model: {
      ...ports.model,
      installed: fail,
      chat: () => {
        throw failure;
      },
    },
  };
}
