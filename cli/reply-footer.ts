import type { ChatReply } from '../domain/chat.ts';
import type { ContextUse } from '../domain/routing/route.ts';
import { plainLine } from './plain-text.ts';

/** Where an answer came from and what it cost, in one line; undefined for a reply that says nothing of that. */
export function replyFooter({ route, routeReason, model, usage, modelMs, context }: ChatReply): string | undefined {
  if (route === undefined) return undefined;
  const parts = [
    routeReason === undefined ? route : `${route} (${routeReason})`,
    model === undefined ? undefined : plainLine(model),
    usage === undefined ? undefined : `${usage.promptTokens} tokens in, ${usage.outputTokens} out`,
    modelMs === undefined ? undefined : `${(modelMs / 1000).toFixed(1)} s`,
    context === undefined ? undefined : contextOf(context),
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** How full the window was, and with what. */
function contextOf({ window, ...use }: ContextUse): string {
  const parts = Object.entries(use).filter(([, tokens]) => tokens > 0);
  const sum = parts.reduce((total, [, tokens]) => total + tokens, 0);
  const percent = window === 0 ? 0 : Math.round((sum / window) * 100);
  return `context ${percent} % (${parts.map(([name, tokens]) => `${name} ${tokens}`).join(', ')})`;
}
