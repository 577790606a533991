/** The feed: what the ledger and the doors tell, newest first, as items with a mark and a sentence. */
import type { Attempt, Entry, Scan, Snapshot } from '../../lib/api/types.ts';
import type { FeedNames } from '../text/en/feed.ts';
import type { Numbers } from '../../lib/text/format.ts';
import { text } from '../text/index.ts';
import type { MarkKind } from '../../lib/ui/mark.ts';

/** Items kept at most; what is older is in the ledger. */
export const MOST_ITEMS = 1_000;

export interface FeedItem {
  readonly key: string;
  /** When the hub heard of it, in whose order the feed is; RFC 3339. */
  readonly at: string;
  /** When it happened: earlier, where a door judged alone. */
  readonly happened: string;
  readonly mark: MarkKind;
  readonly sentence: string;
  /** A door judged alone, without a network. */
  readonly offline: boolean;
}

/** Titles, names and labels by id; it remembers what was deleted since, for the entries that speak of it. */
export class Names {
  readonly #known = new Map<string, string>();

  learn(snapshot: Snapshot): void {
    for (const { id, title } of snapshot.offers) this.#known.set(id, title);
    for (const { id, name } of snapshot.gates) this.#known.set(id, name);
    for (const { id, label } of snapshot.devices) this.#known.set(id, label);
  }

  /** Learns from an entry what no snapshot may hold any more. */
  learnFrom({ kind, data }: Entry): void {
    const called = data['title'] ?? data['name'] ?? data['label'];
    if (kind.endsWith('.created') && typeof data['id'] === 'string' && typeof called === 'string')
      this.#known.set(data['id'], called);
  }

  of(ids: { readonly [name in 'offer_id' | 'gate_id' | 'device_id']?: unknown }): FeedNames {
    const name = (id: unknown): string | null =>
      (typeof id === 'string' && this.#known.get(id)) || null;
    return { offer: name(ids.offer_id), gate: name(ids.gate_id), device: name(ids.device_id) };
  }
}

export function ofEntry(entry: Entry, names: Names, numbers: Numbers): FeedItem {
  names.learnFrom(entry);
  const { seq, at, kind, actor, data } = entry;
  const id = data['id'];
  const named = names.of({
    offer_id: entry.offer_id ?? (kind === 'offer.created' ? id : null),
    gate_id: entry.gate_id ?? (kind === 'gate.created' ? id : null),
    device_id: data['device_id'] ?? (kind === 'device.created' ? id : null),
  });
  return {
    key: `e${seq}`,
    at,
    happened: String(data['redeemed_at'] ?? at),
    mark: markOf(kind),
    sentence: text.feed.entry(kind, whoIs(actor), named, data, numbers),
    offline: data['offline'] === true,
  };
}

/** An item of a refused attempt, told live or read from the list of attempts. */
export function ofRefusal(refusal: Scan | Attempt, names: Names): FeedItem {
  const id = 'attempt_id' in refusal ? refusal.attempt_id : refusal.id;
  const { reason, at, actor, offline } = refusal;
  // While nodes are replaced one by one, one of the release before tells no time of the scan.
  const { scanned_at: happened = at }: Partial<typeof refusal> = refusal;
  const isUsed = reason === 'already_redeemed' || reason === 'insufficient_uses';
  return {
    key: `a${id}`,
    at,
    happened,
    mark: isUsed ? 'used' : 'refused',
    sentence: text.feed.refused(reason, whoIs(actor), names.of(refusal)),
    offline,
  };
}

/** The newest first; an item that is there already is left out. `fresh` is in order, oldest first. */
export function prepend(items: readonly FeedItem[], fresh: readonly FeedItem[]): FeedItem[] {
  const known = new Set(items.slice(0, 100).map((item) => item.key));
  const added = fresh.filter((item) => !known.has(item.key)).reverse();
  return [...added, ...items].slice(0, MOST_ITEMS);
}

/** Puts what happened before the page was opened behind what came since. */
export function withHistory(items: readonly FeedItem[], history: readonly FeedItem[]): FeedItem[] {
  const known = new Set(items.map((item) => item.key));
  const older = history
    .filter((item) => !known.has(item.key))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return [...items, ...older].slice(0, MOST_ITEMS);
}

/** Who did it: a device by its label, people by what they are. The hub's own words for them are English. */
export function whoIs(actor: Readonly<Record<string, unknown>>): string {
  if (actor['type'] === 'guest') return text.feed.guest;
  if (actor['type'] === 'user')
    return actor['label'] === 'Door staff' ? text.feed.staff : text.feed.organizer;
  return String(actor['label'] ?? '');
}

function markOf(kind: string): MarkKind {
  switch (kind) {
    case 'voucher.redeemed':
      return 'redeemed';
    case 'voucher.claimed':
      return 'claimed';
    case 'voucher.released':
    case 'redemption.reversed':
      return 'undone';
    case 'voucher.voided':
      return 'refused';
    case 'conflict.opened':
      return 'warning';
    default:
      return 'settings';
  }
}
