/**
 * The rules of the door, as dibs_realtime/redemptions/model.py has them: pure, no clock, no I/O.
 *
 * tests/vectors/door_rules.json holds the cases that both must answer alike; times are compared to the microsecond.
 */
import type { RefusalReason } from '../api/types.ts';

export type { RefusalReason };

/** Microseconds since 1970: what the server's times hold, and a number still holds exactly. */
export type Instant = number;

export interface JudgedVoucher {
  /** `released` or `voided`: over for good. */
  readonly dead: boolean;
  readonly claimed: boolean;
  readonly uses: number;
  readonly maxUses: number;
}

export interface JudgedOffer {
  readonly claimable: boolean;
  readonly redeemFrom: Instant | null;
  readonly redeemUntil: Instant | null;
  /** Empty: at every gate. */
  readonly gateIds: readonly string[];
}

/** The status of the event and of the offer that the scan is judged by. */
export interface Standing {
  readonly event: string;
  readonly offer: string;
}

/**
 * The first reason against redeeming `units` of the voucher at the gate at that time, or null.
 *
 * `lent`: another device holds the voucher's uses. Windows include their start and exclude their end.
 */
export function judge(
  voucher: JudgedVoucher | null,
  offer: JudgedOffer | null,
  standing: Standing,
  gateId: string | null,
  units: number,
  at: Instant,
  lent: boolean,
): RefusalReason | null {
  if (voucher === null || offer === null) return 'unknown_code';
  if (voucher.dead) return 'voided';
  if (standing.event !== 'open') return 'event_not_open';
  if (standing.offer === 'paused') return 'offer_paused';
  if (offer.claimable && !voucher.claimed) return 'not_claimed';
  if (offer.gateIds.length > 0 && (gateId === null || !offer.gateIds.includes(gateId)))
    return 'wrong_gate';
  if (offer.redeemFrom !== null && at < offer.redeemFrom) return 'not_yet_valid';
  if (offer.redeemUntil !== null && at >= offer.redeemUntil) return 'expired';
  if (voucher.uses >= voucher.maxUses) return 'already_redeemed';
  if (lent) return 'leased';
  if (voucher.uses + units > voucher.maxUses) return 'insufficient_uses';
  return null;
}

/**
 * The gate that a scan counts at: the one asked for, else the device's own; null: nowhere in particular.
 *
 * `deleted` tells of every gate that the event ever had whether it is gone. A gate that is gone counts only for a door
 * that judged alone.
 */
export function gateOfScan(
  wanted: string | null,
  own: string | null,
  deleted: ReadonlyMap<string, boolean>,
  alone: boolean,
): string | null {
  const gateId = wanted ?? own;
  if (gateId === null) return null;
  const isGone = deleted.get(gateId);
  return isGone === undefined || (isGone && !alone) ? null : gateId;
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads an RFC 3339 time. What is finer than a microsecond is cut off. Throws RangeError for anything else. */
export function instant(text: string): Instant {
  const found = TIME.exec(text);
  if (found === null) throw new RangeError('not a time');
  const part = (index: number): number => Number(found[index] ?? '0');
  const offset = (part(9) * 60 + part(10)) * (found[8] === '-' ? -60_000 : 60_000);
  const micros = Number((found[7] ?? '').slice(0, 6).padEnd(6, '0'));
  const wall = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6));
  return (wall - offset) * 1_000 + micros;
}

/** Microseconds of a time that JavaScript counts in milliseconds. */
export const instantOf = (milliseconds: number): Instant => Math.round(milliseconds * 1_000);
