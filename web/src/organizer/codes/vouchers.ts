/** How entries of the ledger move a list of vouchers; pure. */
import type { Entry, VoucherRecord, VoucherState } from '../../lib/api/types.ts';

/** The list after these entries. `only`: the state that is asked for, empty: all; what leaves it leaves the list. */
export function moved(
  items: readonly VoucherRecord[],
  entries: readonly Entry[],
  only: '' | VoucherState,
): readonly VoucherRecord[] {
  const told = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.voucher_id == null) continue;
    const known = told.get(entry.voucher_id);
    if (known === undefined) told.set(entry.voucher_id, [entry]);
    else known.push(entry);
  }
  if (!items.some(({ id }) => told.has(id))) return items;
  return items
    .map((item) => (told.get(item.id) ?? []).reduce(after, item))
    .filter(({ state, id }) => only === '' || state === only || !told.has(id));
}

/** The first page read anew in front of what was read before: both are the newest first. */
export function merged(
  items: readonly VoucherRecord[],
  top: readonly VoucherRecord[],
): readonly VoucherRecord[] {
  const last = top.at(-1);
  if (last === undefined) return [];
  return [...top, ...items.filter(({ id }) => id < last.id)];
}

const NOT_LENT = { leased_to: null, leased_until: null } as const;

function after(voucher: VoucherRecord, { kind, data, at }: Entry): VoucherRecord {
  const with_ = (state: VoucherState, uses = voucher.uses): VoucherRecord => ({
    ...voucher,
    state,
    uses,
    remaining: state === 'voided' || state === 'released' ? 0 : voucher.max_uses - uses,
    updated_at: at,
  });
  switch (kind) {
    case 'voucher.claimed':
      return with_('claimed');
    case 'voucher.released':
      return { ...with_('released'), ...NOT_LENT };
    case 'voucher.voided':
      return { ...with_('voided'), ...NOT_LENT };
    case 'voucher.redeemed': {
      const uses = Number(data['uses'] ?? voucher.uses);
      if (uses >= voucher.max_uses) return { ...with_('redeemed', uses), ...NOT_LENT };
      const lease = data['lease'] as { device_id: string; until: string } | undefined;
      const lent = lease && { leased_to: lease.device_id, leased_until: lease.until };
      return { ...with_(voucher.state, uses), ...lent };
    }
    case 'lease.ended':
      return { ...voucher, ...NOT_LENT };
    case 'redemption.reversed': {
      const uses = Math.max(0, voucher.uses - Number(data['units'] ?? 0));
      // Whether a guest holds it is not told here; the list is read again in a moment.
      return with_(voucher.state === 'redeemed' ? 'claimed' : voucher.state, uses);
    }
    default:
      return voucher;
  }
}
