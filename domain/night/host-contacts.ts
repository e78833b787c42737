import type { AuditEntry } from '../audit/entry.ts';
import { leavesMachine } from '../routing/address.ts';
import type { HostContact } from './report.ts';

/** The entries of the audit log that say that something left this machine, or was meant to. */
export const contactTypes = [
  'cloud-called',
  'engine-called',
  'skill-egress',
  'model-pulled',
] as const satisfies AuditEntry['type'][];

/** Most kinds and names of one host that are told apart. */
const mostNames = 20;

/** Whether a cloud was asked for its models, with nothing but their names. */
export function isModelCheck(kinds: readonly string[]): boolean {
  return kinds.includes('model-check');
}

type Contact = Pick<HostContact, 'host' | 'by'> & {
  readonly isRefused: boolean;
  readonly bytes?: number;
  readonly kinds: readonly string[];
  readonly name: string;
};

/** Sums up entries since a moment by host and by who reached out, the busiest first. */
export function hostContacts(entries: readonly AuditEntry[], since: number): HostContact[] {
  const contacts = entries.flatMap((entry) => contactOf(entry, since) ?? []);
  const groups = Map.groupBy(contacts, ({ by, host, kinds }) => `${by} ${host} ${isModelCheck(kinds)}`);
  return [...groups.values()].map(sumUp).toSorted((a, b) => b.calls + b.refused - a.calls - a.refused);
}

function contactOf(entry: AuditEntry, since: number): Contact | undefined {
  const { type, actor, subject = '', details } = entry;
  const contact = { host: nameOf(details['host'], 'unknown'), isRefused: false, kinds: [], name: subject };
  if (type === 'cloud-called') return { ...contact, by: 'cloud', ...contentOf(details) };
  if (type === 'engine-called') return { ...contact, by: 'engine', ...contentOf(details) };
  if (type === 'skill-egress') {
    return { ...contact, by: actor === 'skill' ? 'skill' : 'owner', isRefused: details['allowed'] === false };
  }
  // Of a pull its begin counts, and its end where that was told before; otherwise it tells of the same.
  const hasBegunBefore = Number(details['startedAt']) < since;
  const isPull = type === 'model-pulled' && (details['state'] === 'begun' || hasBegunBefore);
  // A registry of this machine itself is nowhere else.
  return isPull && leavesMachine(`http://${contact.host}`) !== undefined ? { ...contact, by: 'model' } : undefined;
}

/** What a model was sent. */
function contentOf({ model, kinds, bytes }: AuditEntry['details']): Pick<Contact, 'name' | 'kinds' | 'bytes'> {
  const size = Number(bytes);
  return {
    name: nameOf(model, ''),
    kinds: nameOf(kinds, '')
      .split(' ')
      .filter((kind) => kind !== ''),
    ...(Number.isSafeInteger(size) && { bytes: size }),
  };
}

function nameOf(fact: AuditEntry['details'][string] | undefined, absent: string): string {
  return String(fact ?? absent)
    .slice(0, 300)
    .toWellFormed();
}

function sumUp(same: readonly Contact[]): HostContact {
  const [{ host, by } = { host: '', by: 'skill' as const }] = same;
  const refused = same.filter(({ isRefused }) => isRefused).length;
  const sizes = same.flatMap(({ bytes }) => bytes ?? []);
  return {
    host,
    by,
    calls: same.length - refused,
    refused,
    ...(sizes.length > 0 && { bytes: sizes.reduce((sum, size) => sum + size, 0) }),
    kinds: differing(same.flatMap(({ kinds }) => kinds)),
    names: differing(same.map(({ name }) => name)),
  };
}

function differing(texts: readonly string[]): string[] {
  const some = new Set(texts.filter((text) => text !== '').map((text) => text.slice(0, 300).toWellFormed()));
  return [...some].slice(0, mostNames);
}
