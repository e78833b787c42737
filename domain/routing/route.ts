import { z } from 'zod';

/** Where a model answers: on this machine, or in a cloud. */
export const Route = z.enum(['local', 'cloud']).meta({ id: 'Route' });
export type Route = z.infer<typeof Route>;

/**
 * Why a message went where it did. `local-first`: nothing spoke against the local model. `asked-local` and `asked-cloud`: the caller
 * wanted it so. `image`: only the local vision model is shown images. `local-unavailable`: the local models could not be reached
 * and the cloud may stand in. `owner-allowed`: the owner was asked and allowed it.
 */
export const RouteReason = z
  .enum(['local-first', 'asked-local', 'asked-cloud', 'image', 'local-unavailable', 'owner-allowed'])
  .meta({ id: 'RouteReason' });
export type RouteReason = z.infer<typeof RouteReason>;

const tokens = z.int().nonnegative();

/** What filled the context window of a model, in estimated tokens. */
export const ContextUse = z
  .strictObject({
    window: tokens.meta({ description: 'The whole context window' }),
    system: tokens,
    tools: tokens,
    memory: tokens,
    history: tokens,
    message: tokens,
  })
  .meta({ id: 'ContextUse' });
export type ContextUse = z.infer<typeof ContextUse>;
