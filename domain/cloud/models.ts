/** Days on which Google shuts models down, as announced; looked at when the cloud is checked, since only the cloud itself knows the rest. */
const shutdowns: readonly { readonly model: string; readonly day: string }[] = [
  { model: 'gemini-2.0-flash', day: '2026-06-01' },
  { model: 'gemini-2.0-flash-lite', day: '2026-06-01' },
  { model: 'gemini-2.5-pro', day: '2026-12-01' },
  { model: 'gemini-2.5-flash', day: '2026-12-01' },
  { model: 'gemini-3.1-flash-lite', day: '2027-05-07' },
];

/** How long before that day the owner is told. */
const noticeMs = 60 * 24 * 60 * 60_000;

/** A setting and the model it names. */
export type NamedModel = { readonly setting: 'GEMINI_MODEL' | 'GEMINI_FALLBACK_MODEL'; readonly model: string };

/** What to tell the owner of a model that is or will soon be shut down; undefined of any other. */
export function shutdownNote({ setting, model }: NamedModel, at: number): string | undefined {
  const day = shutdowns.find((shutdown) => model === shutdown.model || isVersionOf(model, shutdown.model))?.day;
  if (day === undefined) return undefined;
  const end = Date.parse(day);
  if (end - at > noticeMs) return undefined;
  return `${model} ${end <= at ? 'was' : 'will be'} shut down on ${day}; set ${setting} to a newer model.`;
}

/** What to tell the owner of a model that the cloud does not know. */
export function goneNote({ setting, model }: NamedModel): string {
  return `Gemini has no model ${model}; set ${setting} to one that it has.`;
}

/** Such as `gemini-2.5-pro-002` of `gemini-2.5-pro`. */
function isVersionOf(model: string, family: string): boolean {
  return model.startsWith(`${family}-`) && /^\d{3}$/.test(model.slice(family.length + 1));
}
