import type { AuditEntry } from '../audit/entry.ts';
import type { HostContact } from './report.ts';

/** The entries of the audit log that say that something left this machine, or was meant to. */
export const contactTypes = ['cloud-called', 'skill-egress', 'model-pulled'] as const satisfies AuditEntry['type'][];

/** Most hosts, and most kinds and names of one, that are told apart. */
const mostHosts = 200;
const mostNames = 20;

type Contact = Pick<HostContact, 'host' | 'by'> & {
  readonly isRefused: boolean;
  readonly bytes?: number;
  readonly kinds: readonly string[];
  readonly name: string;
};

/** Sums up by host and by who reached out, the busiest first. */
export function hostContacts(entries: readonly AuditEntry[]): HostContact[] {
  const contacts = entries.flatMap((entry) => contactOf(entry) ?? []);
  const groups = Map.groupBy(contacts, ({ by, host }) => `${by} ${host}`);
  return [...groups.values()]
    .map(sumUp)
    .toSorted((a, b) => b.calls + b.refused - a.calls - a.refused)
    .slice(0, mostHosts);
}

function contactOf(entry: AuditEntry): Contact | undefined {
  const { type, subject = '', details } = entry;
  const host = String(details['host'] ?? 'unknown')
    .slice(0, 300)
    .toWellFormed();
  if (type === 'cloud-called') {
    const kinds = String(details['kinds'] ?? '')
      .split(' ')
      .filter((kind) => kind !== '');
    const bytes = Number(details['bytes']);
    const name = String(details['model'] ?? '');
    return { host, by: 'cloud', isRefused: false, kinds, name, ...(Number.isSafeInteger(bytes) && { bytes }) };
  }
  if (type === 'skill-egress') {
    const by = entry.actor === 'skill' ? 'skill' : 'owner';
    return { host, by, isRefused: details['allowed'] === false, kinds: [], name: subject };
  }
  // Of a pull its begin counts; its end tells of the same.
  if (type !== 'model-pulled' || details['state'] !== 'begun') return undefined;
  return { host, by: 'model', isRefused: false, kinds: [], name: subject };
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
