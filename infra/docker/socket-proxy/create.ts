import {
  readSandboxContainerBody,
  type SandboxContainer,
  sandboxContainerBody,
  sandboxFilter,
  sandboxImage,
} from '../../../domain/sandbox/container.ts';
import type { JsonValue } from '../../../domain/json.ts';
import { type Answer, reduce, refusal, shown } from './answer.ts';
import type { ImageList } from './image.ts';
import type { Ledger } from './ledger.ts';
import { seccompProfile } from './seccomp.ts';
import type { Upstream } from './upstream.ts';

/** The label by which the containers of one proxy are told from all others. */
export const ownerLabel = 'talos.owner';

export type CreateDeps = {
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly images: ImageList;
  readonly owner: string;
  readonly keeper: { lookForLost(): void };
};

/** Makes a container when the body is, byte for byte, one that a sandbox container may have. */
export async function createContainer(text: string, deps: CreateDeps): Promise<Answer> {
  const container = readSandboxContainerBody(text);
  if (container === undefined) return refusal('this is not the body of a sandbox container');
  if (!deps.ledger.reserve()) return refusal('there are as many sandbox containers as there may be', 429);
  const answer = await createReserved(container, deps).catch((error: unknown) => {
    deps.ledger.giveBack();
    throw error;
  });
  const { data } = shown.create.safeParse(answer.body);
  if (answer.status === 201 && data !== undefined) deps.ledger.keep(data.Id);
  else deps.ledger.giveBack();
  return answer;
}

async function createReserved(container: SandboxContainer, deps: CreateDeps): Promise<Answer> {
  const { upstream, images, owner, keeper } = deps;
  const id = await images.id();
  if (id === undefined) return { status: 404, body: { message: `No such image: ${sandboxImage}` } };
  const body = upstreamBody(container, { id, owner });
  const reply = await upstream.call({ method: 'POST', path: '/containers/create', body }).catch((error: unknown) => {
    keeper.lookForLost(); // the engine may have died between the making of it and the answer
    throw error;
  });
  if (reply.status === 404) images.forget();
  return reduce(reply, shown.create);
}

/** The body for the engine, written anew: the image by its id, the filter itself, the owner's label. */
function upstreamBody(container: SandboxContainer, { id, owner }: { id: string; owner: string }): JsonValue {
  const body = sandboxContainerBody(container);
  const options = body.HostConfig.SecurityOpt.map((option) =>
    option === sandboxFilter ? `seccomp=${seccompProfile}` : option,
  );
  return {
    ...body,
    Image: id,
    Labels: { ...body.Labels, [ownerLabel]: owner },
    HostConfig: { ...body.HostConfig, SecurityOpt: options },
  };
}
