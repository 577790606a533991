/** An answer in words: what the guest gets, or why not and what to do. */
import type { OfferState, Snapshot } from '../../lib/api/types.ts';
import type { Answer } from '../../lib/check/check.ts';
import { Format } from '../../lib/text/format.ts';
import { toneOf, type Recent, type Tone } from '../shift/machine.ts';
import { text } from '../text/index.ts';

export interface Said {
  readonly tone: Tone;
  /** One word that fills the screen. */
  readonly word: string;
  /** What it is about: the offer, or why not. */
  readonly headline: string | null;
  readonly guest: string | null;
  /** More to know: uses left, where it was used, when it is good. */
  readonly details: readonly string[];
  readonly todo: string | null;
}

/** What a reason means where the phone had to find it by itself. */
const ALONE: Readonly<Record<string, string>> = {
  leased: 'not_lent',
  unknown_code: 'not_in_book',
};

/** Says it. `now`: milliseconds since 1970. */
export function said(scan: Recent, answer: Answer, snapshot: Snapshot | null, now: number): Said {
  const words = text.verdict;
  const tone = toneOf(answer);
  const word = words.words[tone];
  if (answer.kind === 'waiting')
    return {
      tone,
      word,
      headline: words.waiting,
      guest: null,
      details: [],
      todo: words.waitingDo,
    };
  if (answer.kind === 'problem')
    return {
      tone,
      word,
      headline: words.problem,
      guest: null,
      details: answer.detail === null ? [] : [answer.detail],
      todo: words.problemDo,
    };

  const { verdict, reason, voucher, previous, replayed, message } = answer.verdict;
  const format = new Format(undefined, snapshot?.event.timezone);
  const offer = snapshot?.offers.find(({ id }) => id === voucher?.offer_id);
  const title = voucher?.offer_title ?? null;
  const guest = voucher?.guest_name ?? null;
  const use = previous && {
    ago:
      previous.seconds_ago < 1
        ? words.justNow
        : format.ago(new Date(now - previous.seconds_ago * 1_000).toISOString(), now),
    gate: previous.gate,
    device: previous.device,
  };
  if (verdict === 'accepted') {
    const details: string[] = [];
    if (voucher !== null && voucher.max_uses > 1)
      details.push(words.left(voucher.remaining, voucher.max_uses));
    if (answer.provisional) details.push(words.provisional);
    if (replayed && use !== null) details.push(words.replayedElsewhere(use));
    return {
      tone,
      word,
      headline: title === null ? null : words.gives(scan.units, title),
      guest,
      details,
      todo: null,
    };
  }
  const details: string[] = [];
  const why = answer.provisional ? (ALONE[reason ?? ''] ?? reason) : reason;
  let headline = words.reasons[why ?? ''] ?? (message || words.otherReason);
  if (use !== null) {
    const where = previous?.same_device === true ? words.usedHere(use) : words.used(use);
    // That it is used the word says already.
    if (reason === 'already_redeemed') headline = where;
    else details.push(where);
  }
  if (reason === 'insufficient_uses' && voucher !== null)
    headline = words.onlyLeft(voucher.remaining);
  if (offer !== undefined) details.push(...whenAndWhere(reason, offer, snapshot, format));
  if (title !== null) details.push(title);
  if (answer.provisional) details.push(words.provisional);
  return {
    tone,
    word: reason === 'insufficient_uses' ? words.tooMany : word,
    headline,
    guest,
    details,
    todo: words.whatToDo[why ?? ''] ?? null,
  };
}

function whenAndWhere(
  reason: string | null,
  offer: OfferState,
  snapshot: Snapshot | null,
  format: Format,
): string[] {
  const words = text.verdict;
  if (reason === 'not_yet_valid' && offer.redeem_from !== null)
    return [words.from(format.time(offer.redeem_from))];
  if (reason === 'expired' && offer.redeem_until !== null)
    return [words.until(format.time(offer.redeem_until))];
  if (reason !== 'wrong_gate') return [];
  const names = (snapshot?.gates ?? [])
    .filter(({ id }) => offer.gate_ids?.includes(id))
    .map(({ name }) => name);
  return names.length === 0 ? [] : [words.goodAt(names.join(', '))];
}

/** The same as one sentence, for a screen reader. */
export function spoken({ word, headline, guest, details, todo }: Said): string {
  const parts = [
    word,
    headline,
    guest === null ? null : text.verdict.forGuest(guest),
    ...details,
    todo,
  ];
  return parts
    .filter((part) => part !== null)
    .map((part) => part.replace(/[.!?]$/, ''))
    .join('. ')
    .concat('.');
}
