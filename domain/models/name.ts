import { TalosError } from '../errors.ts';

/** The registry of names that carry no host. */
const defaultHost = 'registry.ollama.ai';

const part = /^\w[\w.-]{0,79}$/;
const hostPart = /^[a-z0-9][a-z0-9.-]{0,200}(:\d{1,5})?$/i;
const loopback = /^(localhost|127(\.\d{1,3}){3})(:\d{1,5})?$/i;

/** A model name, read. */
export type ModelName = {
  /** As the model server lists it, always with its tag. One model has one listed name. */
  readonly listed: string;
  /** As it is asked for; it keeps `http://`. */
  readonly asked: string;
  /** Where it comes from. */
  readonly host: string;
  /** Whether it comes without TLS, which only this machine itself may offer. */
  readonly insecure: boolean;
  /** Whether that is this machine itself. */
  readonly local: boolean;
};

/**
 * Reads `model`, `model:tag`, `name/model:tag` or `host/name/model:tag`; the last may begin with https://, or with http:// where the
 * host is this machine. Fails with VALIDATION_FAILED.
 */
export function readModelName(text: string): ModelName {
  const [, scheme = '', rest = ''] = /^(https?:\/\/)?(.*)$/s.exec(text) ?? [];
  const { host, space, model, tag } = readParts(rest);
  if ([model, space, tag].some((one) => !part.test(one)) || !hostPart.test(host)) throw notAName();
  if (scheme !== '' && rest.split('/').length < 3) throw notAName();
  const insecure = scheme === 'http://';
  const local = loopback.test(host);
  if (insecure && !local) {
    throw refused(`${host} would send the model without TLS, which only this machine itself may; leave http:// out.`);
  }
  const listed = listedName({ host, space, model, tag });
  return { listed, asked: insecure ? `${scheme}${listed}` : listed, host, insecure, local };
}

type Parts = { readonly host: string; readonly space: string; readonly model: string; readonly tag: string };

function readParts(text: string): Parts {
  const pieces = text.split('/');
  if (pieces.length > 3) throw notAName();
  const [last = '', space = 'library', host = defaultHost] = pieces.toReversed();
  const [model = '', tag = 'latest', ...more] = last.split(':');
  if (more.length > 0) throw notAName();
  return { host: host.toLowerCase(), space, model, tag };
}

function listedName({ host, space, model, tag }: Parts): string {
  if (host !== defaultHost) return `${host}/${space}/${model}:${tag}`;
  return space === 'library' ? `${model}:${tag}` : `${space}/${model}:${tag}`;
}

function notAName(): TalosError {
  return refused(
    'That is no model name; one looks like qwen2.5-coder:7b or registry.example/library/qwen2.5-coder:7b.',
  );
}

function refused(message: string): TalosError {
  return new TalosError('VALIDATION_FAILED', message, { details: { field: 'model' } });
}
