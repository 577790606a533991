import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Entry, RedeemVerdict } from '../../lib/api/types.ts';
import type { Answer, Scan } from '../../lib/check/check.ts';
import {
  ADMITTED_FOR,
  MOST_RECENT,
  REFUSED_FOR,
  START,
  STAYS_FOR,
  answered,
  attached,
  current,
  dismissed,
  elapsed,
  happened,
  held,
  intake,
  restored,
  scanned,
  toneOf,
  undoing,
  withUnits,
  type Recent,
  type State,
} from './machine.ts';

const AT = '2026-07-04T20:00:00Z';
const CODE = { code: '7KQ4MX2P9T', voucherId: null };

function scan(key: string, code = '7KQ4MX2P9T'): Scan {
  return { key, eventId: 'e', code, voucherId: null, units: 1, gateId: null, scannedAt: AT };
}

function verdict(fields: Partial<RedeemVerdict> = {}): RedeemVerdict {
  return {
    verdict: 'accepted',
    reason: null,
    message: '',
    replayed: false,
    dry_run: false,
    redemption_id: 'r1',
    seq: 7,
    redeemed_at: AT,
    voucher: {
      id: 'v1',
      code: '…9T',
      state: 'redeemed',
      offer_id: 'o1',
      offer_title: 'Free drink',
      uses: 1,
      max_uses: 1,
      remaining: 0,
      guest_name: null,
    },
    previous: null,
    conflict_id: null,
    leased_until: null,
    ...fields,
  };
}

const judged = (fields: Partial<RedeemVerdict> = {}, provisional = false): Answer => ({
  kind: 'verdict',
  verdict: verdict(fields),
  provisional,
});
const refused = (reason: RedeemVerdict['reason']): Answer =>
  judged({ verdict: 'refused', reason, redemption_id: null, seq: null });
const WAITING: Answer = { kind: 'waiting' };

/** A door that scanned one code at 1,000 and, where there is one, got its answer at 1,050. */
function door(answer?: Answer): State {
  const state = scanned(START, scan('k1'), 1_000);
  return answer === undefined ? state : answered(state, 'k1', answer, 1_050);
}

describe('how an answer looks', () => {
  it.each([
    [judged(), 'admit'],
    [judged({}, true), 'offline'],
    [refused('already_redeemed'), 'used'],
    [refused('insufficient_uses'), 'used'],
    [refused('unknown_code'), 'deny'],
    [refused('wrong_gate'), 'deny'],
    [WAITING, 'wait'],
    [{ kind: 'problem', detail: null } as const, 'deny'],
  ])('%o', (answer, tone) => {
    expect(toneOf(answer)).toBe(tone);
  });
});

describe('the screen', () => {
  it('asks, then shows the verdict, then is ready by itself', () => {
    expect(door().screen).toEqual({ at: 'asking', key: 'k1', from: 1_000 });
    const state = door(judged());
    expect(state.screen).toMatchObject({
      at: 'answer',
      tone: 'admit',
      until: 1_050 + ADMITTED_FOR,
    });
    expect(elapsed(state, 1_049 + ADMITTED_FOR)).toBe(state);
    expect(elapsed(state, 1_050 + ADMITTED_FOR).screen).toEqual({ at: 'ready' });
  });

  it('leaves a refusal for longer, and a wait for as long as it lasts', () => {
    expect(door(refused('expired')).screen).toMatchObject({ until: 1_050 + REFUSED_FOR });
    expect(elapsed(door(WAITING), 1e9).screen).toMatchObject({ at: 'answer', tone: 'wait' });
  });

  it('stays while somebody is busy with it', () => {
    expect(elapsed(held(door(judged())), 1e9).screen).toMatchObject({ at: 'answer' });
  });

  it('replaces what the door judged alone by the answer of the hub, and says it again only if it differs', () => {
    const alone = door(judged({}, true));
    const same = answered(alone, 'k1', judged(), 1_500);
    expect(same.screen).toMatchObject({ tone: 'admit', from: 1_500 });
    const other = answered(alone, 'k1', refused('already_redeemed'), 1_500);
    expect(other.screen).toMatchObject({ tone: 'used', from: 1_500 });
    const again = answered(door(judged()), 'k1', judged({ replayed: true }), 1_500);
    expect(again.screen).toMatchObject({ tone: 'admit', from: 1_050 });
  });

  it('never lets a wait cover a verdict', () => {
    expect(answered(door(judged()), 'k1', WAITING, 2_000).screen).toMatchObject({ tone: 'admit' });
  });

  it('does not let an earlier guest’s answer cover this guest’s', () => {
    let state = door(WAITING);
    state = scanned(state, scan('k2', 'OTHERCODE1'), 3_000);
    state = answered(state, 'k1', judged(), 3_010);
    expect(state.screen).toMatchObject({ at: 'asking', key: 'k2' });
    expect(state.recent.find(({ key }) => key === 'k1')?.answer?.kind).toBe('verdict');
  });

  it('tells an answer that comes late when nobody stands there, as late', () => {
    const state = answered(dismissed(door(WAITING)), 'k1', judged(), 9_000);
    expect(state.screen).toMatchObject({ at: 'answer', tone: 'admit', late: true });
  });

  it('tells nothing twice when nobody stands there', () => {
    const state = answered(dismissed(door(judged())), 'k1', judged({ replayed: true }), 9_000);
    expect(state.screen).toEqual({ at: 'ready' });
  });

  it('ignores answers to what it never asked', () => {
    expect(answered(START, 'k9', judged(), 1)).toBe(START);
  });
});

describe('what a code in view means', () => {
  it('is a new scan when the door is ready', () => {
    expect(intake(START, CODE, false, 0)).toBe('new');
  });

  it('is the same scan as long as that has no answer, so that no second key finds it used', () => {
    expect(intake(door(), CODE, false, 1_010)).toEqual({ attach: 'k1' });
    expect(intake(dismissed(door(WAITING)), CODE, true, 60_000)).toEqual({ attach: 'k1' });
    const state = attached(dismissed(door(WAITING)), 'k1', 60_000);
    expect(state.screen).toMatchObject({ at: 'answer', key: 'k1', tone: 'wait' });
  });

  it('is a new scan once it was answered', () => {
    expect(intake(dismissed(door(judged())), CODE, false, 60_000)).toBe('new');
  });

  it('waits while another guest is asked for, or a verdict was hardly seen', () => {
    const other = { code: 'OTHERCODE1', voucherId: null };
    expect(intake(door(), other, false, 1_010)).toBe('ignore');
    expect(intake(door(judged()), other, false, 1_049 + STAYS_FOR)).toBe('ignore');
    expect(intake(door(judged()), other, false, 1_050 + STAYS_FOR)).toBe('new');
  });

  it('is taken at any time when somebody typed it', () => {
    expect(intake(door(), { code: 'OTHERCODE1', voucherId: null }, true, 1_010)).toBe('new');
  });

  it('knows the voucher by its id, too', () => {
    const byId: Scan = { ...scan('k1'), code: null, voucherId: 'v1' };
    const state = scanned(START, byId, 0);
    expect(intake(state, { code: null, voucherId: 'v1' }, true, 1)).toEqual({ attach: 'k1' });
  });
});

it('keeps no code once a scan is answered', () => {
  expect(door().recent[0]?.code).toBe('7KQ4MX2P9T');
  expect(door(judged()).recent[0]?.code).toBe(null);
});

it('takes one use again after each scan', () => {
  const state = withUnits(START, 4);
  expect(state.units).toBe(4);
  expect(scanned(state, scan('k1'), 0).units).toBe(1);
  expect(withUnits(START, 0).units).toBe(1);
  expect(withUnits(START, 101).units).toBe(100);
});

it('restores what an earlier visit left, each once, and not more than is remembered', () => {
  const old = door(judged()).recent;
  expect(restored(door(judged()), old).recent).toHaveLength(1);
  const many = Array.from({ length: 80 }, (_, n): Recent => ({ ...old[0]!, key: `old${n}` }));
  expect(restored(door(), many).recent).toHaveLength(MOST_RECENT);
});

describe('what happens elsewhere', () => {
  const entry = (kind: string, fields: Partial<Entry> = {}): Entry =>
    ({
      seq: 9,
      at: AT,
      kind,
      actor: { type: 'device', id: 'd2', label: 'Phone 2' },
      offer_id: 'o1',
      voucher_id: 'v1',
      gate_id: 'g1',
      data: { redemption_id: 'r1' },
      ...fields,
    }) as Entry;
  const since = (state: State): unknown => state.recent[0]?.since?.what ?? null;

  it('is told at the scan it concerns', () => {
    expect(since(happened(door(judged()), [entry('voucher.redeemed')], 'd1'))).toBe('redeemed');
    expect(since(happened(door(judged()), [entry('redemption.reversed')], 'd1'))).toBe('reversed');
    expect(since(happened(door(judged()), [entry('voucher.voided')], 'd1'))).toBe('voided');
  });

  it.each([
    ['another voucher', entry('voucher.redeemed', { voucher_id: 'v2' })],
    ['its own redemption', entry('voucher.redeemed', { seq: 7 })],
    ['an earlier use', entry('voucher.redeemed', { seq: 3 })],
    [
      'another redemption’s reversal',
      entry('redemption.reversed', { data: { redemption_id: 'r2' } }),
    ],
    ['an offer’s change', entry('offer.updated')],
  ])('is not told of %s', (_, other) => {
    expect(since(happened(door(judged()), [other], 'd1'))).toBe(null);
  });

  it('counts this device’s own reversal as undone', () => {
    const own = entry('redemption.reversed', { actor: { type: 'device', id: 'd1', label: 'P' } });
    expect(happened(door(judged()), [own], 'd1').recent[0]?.undo).toEqual({ kind: 'undone' });
  });
});

it('marks what is being undone', () => {
  expect(undoing(door(judged()), 'k1', 'asked').recent[0]?.undo).toBe('asked');
});

it('shows, whatever happens, only scans that it knows, and the answer that is on record', () => {
  const keys = fc.constantFrom('k1', 'k2', 'k3');
  const answers = fc.constantFrom(judged(), judged({}, true), refused('expired'), WAITING);
  const step = fc.oneof(
    fc.record({ do: fc.constant('scan' as const), key: keys }),
    fc.record({ do: fc.constant('answer' as const), key: keys, answer: answers }),
    fc.record({ do: fc.constant('next' as const) }),
    fc.record({ do: fc.constant('time' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let state = START;
      let now = 0;
      const known = new Set<string>();
      for (const what of steps) {
        now += 700;
        if (what.do === 'scan' && !known.has(what.key)) {
          known.add(what.key);
          state = scanned(state, scan(what.key, `CODE${what.key}`), now);
        } else if (what.do === 'answer') state = answered(state, what.key, what.answer, now);
        else if (what.do === 'next') state = dismissed(state);
        else state = elapsed(state, now);
        if (state.screen.at === 'ready') continue;
        const shown = current(state);
        expect(shown).not.toBe(null);
        if (state.screen.at === 'asking') expect(shown?.answer).toBe(null);
        else expect(toneOf(shown!.answer!)).toBe(state.screen.tone);
      }
    }),
  );
});
