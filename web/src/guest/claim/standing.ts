/** How an offer stands for me: the hub's own rules in their order, to say beforehand what it would answer. */
import type { PublicOffer, PublicPage, WalletVoucher } from '../../lib/api/types.ts';

export type Standing =
  | { readonly kind: 'open' }
  | { readonly kind: 'event_closed' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'not_yet_open'; readonly from: string }
  | { readonly kind: 'closed'; readonly since: string }
  | { readonly kind: 'mine' }
  | { readonly kind: 'sold_out' };

/** Judges as the hub does. `held`: my vouchers of this offer that count; `now`: the hub's time, milliseconds since 1970. */
export function standing(
  offer: PublicOffer,
  eventStatus: PublicPage['status'],
  held: number,
  now: number,
): Standing {
  if (eventStatus !== 'open') return { kind: 'event_closed' };
  if (offer.status === 'paused') return { kind: 'paused' };
  if (offer.claim_from !== null && now < Date.parse(offer.claim_from))
    return { kind: 'not_yet_open', from: offer.claim_from };
  if (offer.claim_until !== null && now >= Date.parse(offer.claim_until))
    return { kind: 'closed', since: offer.claim_until };
  if (offer.per_guest_limit !== null && held >= offer.per_guest_limit) return { kind: 'mine' };
  if (offer.remaining !== null && offer.remaining <= 0) return { kind: 'sold_out' };
  return { kind: 'open' };
}

/** Whether a voucher counts against the limit of its guest: given back or voided ones do not. */
export function holds(voucher: WalletVoucher): boolean {
  return voucher.state === 'claimed' || voucher.state === 'redeemed';
}

/** Whether a door would still take something from this voucher. */
export function isUsable(voucher: WalletVoucher): boolean {
  return voucher.state === 'claimed' && voucher.remaining > 0;
}
