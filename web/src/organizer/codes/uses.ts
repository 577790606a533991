/** Where a voucher was used, and how entries of the ledger change that; pure. */
import type { Entry, Redemption } from '../../lib/api/types.ts';

export interface Use {
  /** The redemption's id. */
  readonly id: string;
  readonly units: number;
  /** RFC 3339. */
  readonly at: string;
  /** The door or the person. */
  readonly who: string;
  readonly gateId: string | null;
  /** The door judged it alone. */
  readonly isOffline: boolean;
  readonly isTakenBack: boolean;
}

export function useOf(redemption: Redemption): Use {
  const { id, units, redeemed_at: at, gate_id: gateId, offline, actor, reversed_at } = redemption;
  const who = String(actor['label'] ?? '');
  return { id, units, at, who, gateId, isOffline: offline, isTakenBack: reversed_at !== null };
}

/** The uses after these entries, the newest first; what is told twice counts once. */
export function withEntries(
  uses: readonly Use[],
  entries: readonly Entry[],
  voucherId: string,
): readonly Use[] {
  return entries.filter(({ voucher_id }) => voucher_id === voucherId).reduce(withEntry, uses);
}

function withEntry(uses: readonly Use[], entry: Entry): readonly Use[] {
  const { kind, data, actor } = entry;
  const id = String(data['redemption_id'] ?? '');
  if (kind === 'redemption.reversed')
    return uses.map((use) => (use.id === id ? { ...use, isTakenBack: true } : use));
  if (kind !== 'voucher.redeemed' || uses.some((use) => use.id === id)) return uses;
  const use: Use = {
    id,
    units: Number(data['units'] ?? 1),
    at: String(data['redeemed_at'] ?? entry.at),
    who: actor.label,
    gateId: entry.gate_id ?? null,
    isOffline: data['offline'] === true,
    isTakenBack: false,
  };
  return [use, ...uses];
}
