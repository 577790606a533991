/** What happened, as a sentence of the feed. `who` is "Guest", "Organizer" or a device's label. */
import type { Numbers } from '../../../lib/text/format.ts';
import { pluralOf } from '../../../lib/text/plural.ts';

/** What a sentence of the feed may name; what is not known any more is null. */
export interface FeedNames {
  readonly offer: string | null;
  readonly gate: string | null;
  readonly device: string | null;
}

const plural = pluralOf('en');
const offer = (names: FeedNames): string =>
  names.offer === null ? 'an offer' : `“${names.offer}”`;
const at = (names: FeedNames): string => (names.gate === null ? '' : ` at ${names.gate}`);

const reasons: Record<string, string> = {
  unknown_code: 'unknown code',
  voided: 'voided',
  event_not_open: 'the event is not open',
  offer_paused: 'the offer is paused',
  not_claimed: 'nobody claimed it',
  wrong_gate: 'wrong gate',
  not_yet_valid: 'too early',
  expired: 'too late',
  already_redeemed: 'already used',
  leased: 'another door holds its uses',
  insufficient_uses: 'not that many uses left',
  online_only: 'needs a network',
};

export const feed = {
  guest: 'Guest',
  organizer: 'Organizer',
  staff: 'Door staff',
  entry: (
    kind: string,
    who: string,
    names: FeedNames,
    data: Record<string, unknown>,
    n: Numbers,
  ): string => {
    const units = Number(data['units'] ?? 1);
    const times = units > 1 ? `${n.count(units)} × ` : '';
    switch (kind) {
      case 'event.created':
        return `${who} created the event`;
      case 'event.updated':
        return `${who} changed the event’s details`;
      case 'event.opened':
        return `${who} opened the event`;
      case 'event.closed':
        return `${who} closed the event`;
      case 'gate.created':
        return `${who} added the gate ${names.gate ?? ''}`.trim();
      case 'gate.updated':
        return `${who} changed the gate ${names.gate ?? ''}`.trim();
      case 'gate.deleted':
        return `${who} removed ${names.gate === null ? 'a gate' : `the gate ${names.gate}`}`;
      case 'offer.created':
        return `${who} added ${offer(names)}`;
      case 'offer.updated': {
        const status = (data['changes'] as { status?: string } | undefined)?.status;
        if (status === 'paused') return `${who} paused ${offer(names)}`;
        if (status === 'active') return `${who} resumed ${offer(names)}`;
        return `${who} changed ${offer(names)}`;
      }
      case 'offer.deleted':
        return `${who} removed ${offer(names)}`;
      case 'vouchers.issued': {
        const count = Number(data['count'] ?? 0);
        return `${who} issued ${n.count(count)} ${plural(count, 'code', 'codes')} of ${offer(names)}`;
      }
      case 'voucher.claimed':
        return `${who} called dibs on ${offer(names)}`;
      case 'voucher.released':
        return `${who} gave ${offer(names)} back`;
      case 'voucher.voided':
        return `${who} voided a voucher of ${offer(names)}`;
      case 'voucher.redeemed':
        return `${who} redeemed ${times}${offer(names)}${at(names)}`;
      case 'redemption.reversed':
        return `${who} took back ${times}${offer(names)}${at(names)}`;
      case 'lease.ended':
        return data['how'] === 'returned'
          ? `${who} gave back the uses of ${offer(names)} that it held`
          : `${who} recalled the uses of ${offer(names)} that a door held`;
      case 'device.created':
        return `${who} added the device ${names.device ?? ''}`.trim();
      case 'device.updated':
        return `${who} changed the device ${names.device ?? ''}`.trim();
      case 'device.paired':
        return `${names.device ?? 'A device'} was paired`;
      case 'device.revoked':
        return `${who} revoked ${names.device ?? 'a device'}`;
      case 'conflict.opened':
        return `What a door did offline${at(names)} does not add up: ${offer(names)}`;
      case 'conflict.resolved':
        return `${who} settled a conflict`;
      default:
        return `${who}: ${kind}`;
    }
  },
  refused: (reason: string, who: string, names: FeedNames): string => {
    const what = names.offer === null ? 'a code' : `“${names.offer}”`;
    return `${who} refused ${what}${at(names)}: ${reasons[reason] ?? reason}`;
  },
  reasons,
};
