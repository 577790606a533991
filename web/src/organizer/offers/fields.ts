/** An offer as its form has it: numbers as they are typed, times as the wall clock of the event's zone. */
import type { NewOffer, OfferPatch, OfferState } from '../../lib/api/types.ts';
import { fromZoned, toZoned } from '../forms/zoned.ts';
import { text } from '../text/index.ts';

export type OfferFields = {
  readonly title: string;
  readonly description: string;
  /** Empty: no cap. */
  readonly quantity: string;
  readonly claimable: boolean;
  readonly per_guest_limit: string;
  readonly max_uses: string;
  readonly claim_from: string;
  readonly claim_until: string;
  readonly redeem_from: string;
  readonly redeem_until: string;
  /** Empty: at every gate. */
  readonly gate_ids: readonly string[];
  /** What a door may do alone, without a network. */
  readonly offline: OfferState['offline'];
};

export const WINDOWS = ['claim_from', 'claim_until', 'redeem_from', 'redeem_until'] as const;
const NUMBERS = {
  quantity: [0, 10_000_000],
  per_guest_limit: [1, 100_000],
  max_uses: [1, 1_000],
} as const;

export const NEW: OfferFields = {
  title: '',
  description: '',
  quantity: '',
  claimable: true,
  per_guest_limit: '1',
  max_uses: '1',
  claim_from: '',
  claim_until: '',
  redeem_from: '',
  redeem_until: '',
  gate_ids: [],
  offline: 'allow',
};

export function fieldsOf(offer: OfferState, zone: string): OfferFields {
  const written = (value: number | null): string => (value === null ? '' : String(value));
  return {
    title: offer.title,
    description: offer.description,
    quantity: written(offer.quantity),
    claimable: offer.claimable,
    per_guest_limit: written(offer.per_guest_limit),
    max_uses: written(offer.max_uses),
    claim_from: toZoned(offer.claim_from, zone),
    claim_until: toZoned(offer.claim_until, zone),
    redeem_from: toZoned(offer.redeem_from, zone),
    redeem_until: toZoned(offer.redeem_until, zone),
    gate_ids: offer.gate_ids,
    offline: offer.offline,
  };
}

/** What can be told before the hub is asked, by field. */
export function checkOffer(fields: OfferFields, zone: string): Record<string, string> {
  const errors: Record<string, string> = {};
  if (fields.title.trim() === '') errors['title'] = text.common.required;
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const written = fields[name as keyof typeof NUMBERS].trim();
    if (written === '' && name !== 'max_uses') continue;
    const value = Number(written);
    if (!/^\d+$/.test(written) || value < least || value > most)
      errors[name] = text.forms.wholeNumber(least, most);
  }
  for (const name of WINDOWS)
    if (fields[name] !== '' && fromZoned(fields[name], zone) === null)
      errors[name] = text.forms.badTime;
  for (const word of ['claim', 'redeem'] as const) {
    const [from, until] = [fields[`${word}_from`], fields[`${word}_until`]].map((at) =>
      Date.parse(fromZoned(at, zone) ?? ''),
    ) as [number, number];
    if (until <= from) errors[`${word}_until`] = text.forms.endBeforeStart;
  }
  return errors;
}

/** The changes on the wire. */
export function toPatch(changes: Partial<OfferFields>, zone: string): OfferPatch {
  const { claimable, gate_ids, offline, title, description, max_uses, ...rest } = changes;
  const patch: Record<string, unknown> = {};
  if (title !== undefined) patch['title'] = title.trim();
  if (description !== undefined) patch['description'] = description.trim();
  if (claimable !== undefined) patch['claimable'] = claimable;
  if (gate_ids !== undefined) patch['gate_ids'] = gate_ids;
  if (offline !== undefined) patch['offline'] = offline;
  if (max_uses !== undefined) patch['max_uses'] = Number(max_uses);
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'quantity' || name === 'per_guest_limit')
      patch[name] = value.trim() === '' ? null : Number(value);
    else patch[name] = value === '' ? null : fromZoned(value, zone);
  }
  return patch as OfferPatch;
}

export function toNewOffer(fields: OfferFields, zone: string): NewOffer {
  return toPatch(fields, zone) as NewOffer;
}
