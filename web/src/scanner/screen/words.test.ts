import { afterEach, describe, expect, it } from 'vitest';

import type { RedeemVerdict, Snapshot } from '../../lib/api/types.ts';
import type { Answer } from '../../lib/check/check.ts';
import type { Recent } from '../shift/machine.ts';
import { en } from '../text/en.ts';
import { lt } from '../text/lt.ts';
import { speak } from '../text/index.ts';
import { said, spoken, type Said } from './words.ts';

const NOW = Date.parse('2026-07-04T20:00:14Z');
const VOUCHER = {
  id: 'v1',
  code: '…9T',
  state: 'claimed',
  offer_id: 'o1',
  offer_title: 'Free drink',
  uses: 3,
  max_uses: 5,
  remaining: 2,
  guest_name: 'Ada Lovelace',
} as const;
const SNAPSHOT = {
  event: { timezone: 'Europe/Vilnius' },
  gates: [
    { id: 'g1', name: 'Main bar' },
    { id: 'g2', name: 'Beer tent' },
  ],
  offers: [
    {
      id: 'o1',
      gate_ids: ['g1', 'g2'],
      redeem_from: '2026-07-04T21:00:00Z',
      redeem_until: '2026-07-04T23:00:00Z',
    },
  ],
} as unknown as Snapshot;

function words(fields: Partial<RedeemVerdict>, units = 1, provisional = false): Said {
  const verdict = {
    verdict: 'accepted',
    reason: null,
    message: 'From the hub.',
    replayed: false,
    voucher: VOUCHER,
    previous: null,
    ...fields,
  } as RedeemVerdict;
  return say({ kind: 'verdict', verdict, provisional }, units);
}

function say(answer: Answer, units = 1): Said {
  return said({ units } as Recent, answer, SNAPSHOT, NOW);
}

const refused = (reason: RedeemVerdict['reason'], fields: Partial<RedeemVerdict> = {}): Said =>
  words({ verdict: 'refused', reason, ...fields });
const PREVIOUS = {
  redemption_id: 'r0',
  redeemed_at: '2026-07-04T20:00:00Z',
  gate: 'Main bar',
  device: 'Phone 2',
  seconds_ago: 14,
  same_device: false,
};

afterEach(() => speak('en'));

describe('in English', () => {
  it('names what the guest gets', () => {
    const yes = words({}, 2);
    expect(spoken(yes)).toBe('Yes. 2 × Free drink. for Ada Lovelace. 2 of 5 left.');
  });

  it('says where, when and by whom it was used, and what to do', () => {
    const used = refused('already_redeemed', { previous: PREVIOUS });
    expect(used.headline).toMatch(/^Used 14 sec\.? ago at Main bar by Phone 2$/);
    expect(used.todo).toContain('Nothing more to hand out');
    const own = refused('already_redeemed', { previous: { ...PREVIOUS, same_device: true } });
    expect(own.headline).toMatch(/^You scanned it 14 sec\.? ago at Main bar$/);
    const other = refused('already_redeemed', { previous: { ...PREVIOUS, seconds_ago: 0 } });
    expect(other.headline).toBe('Used just now at Main bar by Phone 2');
  });

  it('says how many are left, when it is good and where', () => {
    expect(refused('insufficient_uses')).toMatchObject({
      word: 'Too many',
      headline: 'Only 2 left',
    });
    expect(refused('not_yet_valid').details[0]).toMatch(/^Good from .*00:00/);
    expect(refused('expired').details[0]).toMatch(/^Was good until .*02:00/);
    expect(refused('wrong_gate').details).toContain('Good at: Main bar, Beer tent');
  });

  it('says that the door judged alone', () => {
    const alone = words({}, 1, true);
    expect(alone.tone).toBe('offline');
    expect(alone.details.at(-1)).toBe('Judged by this phone alone. Not confirmed yet.');
  });

  it('leaves no reason of a later hub without words', () => {
    const strange = refused('moon_phase' as RedeemVerdict['reason']);
    expect(strange.headline).toBe('From the hub.');
  });

  it('tells a guest who waits from one who is refused', () => {
    expect(say({ kind: 'waiting' })).toMatchObject({ tone: 'wait', word: 'Wait' });
    expect(say({ kind: 'problem', detail: 'Nope.' })).toMatchObject({ tone: 'deny' });
  });
});

it('has words for every reason, in both languages', async () => {
  expect(Object.keys(lt.verdict.reasons)).toEqual(Object.keys(en.verdict.reasons));
  expect(Object.keys(lt.verdict.whatToDo)).toEqual(Object.keys(en.verdict.reasons));
  expect(Object.keys(en.verdict.whatToDo)).toEqual(Object.keys(en.verdict.reasons));
  await speak('lt');
  const used = refused('already_redeemed', { previous: PREVIOUS });
  expect(spoken(used)).toMatch(
    /^Panaudota\. Panaudota prieš 14 .* Main bar, Phone 2\. Ada Lovelace\. Free drink/,
  );
});
