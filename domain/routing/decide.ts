import type { CloudState } from '../cloud/ports.ts';
import type { ErrorCode } from '../errors.ts';
import { cloudRefusals } from './refusals.ts';
import type { Route, RouteReason } from './route.ts';

/** What the owner allows a cloud to do: stand in by itself, after asking, or never. */
export type CloudFallback = 'auto' | 'ask' | 'never';

/** What a message asks for, as far as its route goes. */
export type RouteWish = { readonly wanted?: Route | undefined; readonly hasImages: boolean };

/** What the local engine failed with; `reason` as its adapter named it. */
export type LocalFailure = { readonly code: ErrorCode; readonly message: string; readonly reason?: string };

/** Everything a route is decided by. Without `failure` the local engine has not been tried. */
export type RoutingInput = RouteWish & {
  readonly cloud: CloudState;
  readonly fallback: CloudFallback;
  readonly failure?: LocalFailure | undefined;
};

/** Where a message is answered and why; that the owner has to be asked first; or the error it ends with. */
export type RoutingDecision =
  | { readonly kind: 'go'; readonly route: Route; readonly reason: RouteReason }
  | { readonly kind: 'ask'; readonly reason: RouteReason }
  | Refusal;

/** An error with the fix in its message. */
export type Refusal = { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string };

/** Failures by which the local engine says that it has too much to do: waiting helps, so nothing leaves the machine. */
const contention: ReadonlySet<string> = new Set(['busy', 'out-of-memory']);

/** An engine that is there and leaves even a short question open, as loading a model or reading a prompt can make it: it is slow. */
const slowness: ReadonlySet<string> = new Set(['no-answer', 'silent']);

type Cause = Omit<LocalFailure, 'message'>;

/** Whether a failure means that no local model can answer. A busy GPU, a slow engine or model, a refusal and a long prompt do not. */
export function isLocalUnavailable(cause: Cause): boolean {
  return isCloudLookedAt(cause) && !slowness.has(cause.reason ?? '');
}

/** Whether a message looks at the cloud after a failure. Workflows are replayed by this: what comes of the look is decided in a step. */
export function isCloudLookedAt({ code, reason = '' }: Cause): boolean {
  return (code === 'MODEL_UNAVAILABLE' && !contention.has(reason)) || code === 'MODEL_MISSING';
}

/** Why a message is answered here, as long as the local engine does it. */
export function localReason({ wanted, hasImages }: RouteWish): RouteReason {
  if (wanted === 'local') return 'asked-local';
  return hasImages ? 'image' : 'local-first';
}

/** What keeps a message from every cloud, whatever happens to the local engine; undefined when nothing does. */
export function cloudBar({ wanted, hasImages, fallback }: RouteWish & Pick<RoutingInput, 'fallback'>) {
  if (hasImages) return cloudRefusals.image;
  if (wanted === 'local') return cloudRefusals.local;
  return fallback === 'never' ? cloudRefusals.never : undefined;
}

/** Decides the route of a message: local first, the cloud only where it was asked for or no local model can answer. */
export function decideRoute(input: RoutingInput): RoutingDecision {
  const { wanted, cloud, fallback, failure } = input;
  if (wanted !== 'cloud' && failure === undefined) return { kind: 'go', route: 'local', reason: localReason(input) };
  if (wanted !== 'cloud' && failure !== undefined && !isLocalUnavailable(failure)) return asItIs(failure);
  const reason = wanted === 'cloud' ? 'asked-cloud' : 'local-unavailable';
  const bar = cloudBar(input) ?? cloudObstacle(cloud);
  if (bar !== undefined) return wanted === 'cloud' ? { kind: 'refuse', ...bar } : withoutCloud(input, bar.message);
  return fallback === 'ask' ? { kind: 'ask', reason } : { kind: 'go', route: 'cloud', reason };
}

type Bar = { readonly code: ErrorCode; readonly message: string };

/** Why the cloud cannot be called now; undefined when it can. */
export function cloudObstacle(cloud: CloudState): Bar | undefined {
  switch (cloud.kind) {
    case 'ready':
      return undefined;
    case 'not-configured':
      return cloudRefusals.noKey;
    case 'paused':
      return cloudRefusals.paused(cloud.until);
    case 'spent':
      return cloudRefusals.spent(cloud.until);
  }
}

function asItIs({ code, message }: LocalFailure): Refusal {
  return { kind: 'refuse', code, message };
}

/** The failure of the local engine; what a cloud had to do with it is added where the owner has set one up. */
function withoutCloud({ cloud, failure }: RoutingInput, why: string): Refusal {
  if (failure === undefined) return { kind: 'refuse', code: 'INTERNAL', message: why };
  if (cloud.kind === 'not-configured') return asItIs(failure);
  return { kind: 'refuse', code: failure.code, message: `${failure.message} ${why}` };
}
