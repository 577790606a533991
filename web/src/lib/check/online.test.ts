import 'fake-indexeddb/auto';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProblem } from '../api/problem.ts';
import type { RedeemVerdict, ReversalVerdict } from '../api/types.ts';
import type { Answer, Scan, UndoAnswer } from './check.ts';
import { OnlineCheck } from './online.ts';
import { MOST_DONE, Outbox, type PendingUndo } from './outbox.ts';

const EVENT = 'event-1';
const NAMED: RedeemVerdict['voucher'] = {
  id: 'v1',
  code: '…9T',
  state: 'redeemed',
  offer_id: 'o1',
  offer_title: 'Free drink',
  uses: 1,
  max_uses: 1,
  remaining: 0,
  guest_name: 'Ada',
};

let outbox: Outbox;
let check: OnlineCheck;
let heard: [string, Answer | UndoAnswer][];
let sent: string[];
let redeem: (scan: Scan) => Promise<RedeemVerdict>;
let reverse: (undo: PendingUndo) => Promise<ReversalVerdict>;
let fallback: ((scan: Scan) => Promise<RedeemVerdict>) | null;
let hasEnded: boolean;
let name = 0;

beforeEach(async () => {
  outbox = await Outbox.open(`door-${++name}`);
  heard = [];
  sent = [];
  hasEnded = false;
  fallback = null;
  redeem = (scan) => Promise.resolve(accepted(scan));
  reverse = () => Promise.reject(new Error('not asked for'));
  begin();
});

afterEach(() => {
  check.close();
  outbox.close();
});

/** Opens the door, as after a reload. */
function begin(): void {
  check = new OnlineCheck({
    eventId: EVENT,
    outbox,
    ways: {
      redeem: [
        (scan) => {
          sent.push(scan.key);
          return redeem(scan);
        },
        (scan) => fallback?.(scan) ?? Promise.reject(new Error('no network')),
      ],
      reverse: (undo) => reverse(undo),
    },
    listener: {
      answered: (key, answer) => heard.push([key, answer]),
      undone: (key, answer) => heard.push([key, answer]),
      ended: () => (hasEnded = true),
    },
    times: { patience: 10, retryFrom: 2, retryUpTo: 8 },
  });
}

function scan(key: string, eventId = EVENT): Scan {
  const scannedAt = '2026-07-04T20:00:00Z';
  return { key, eventId, code: '7KQ4MX2P9T', voucherId: null, units: 1, gateId: null, scannedAt };
}

function accepted(of: Scan): RedeemVerdict {
  return {
    verdict: 'accepted',
    reason: null,
    message: 'Welcome.',
    replayed: false,
    dry_run: false,
    redemption_id: `r-${of.key}`,
    seq: 7,
    redeemed_at: of.scannedAt,
    voucher: NAMED,
    previous: null,
    conflict_id: null,
  } as RedeemVerdict;
}

const lost = (): Promise<never> => Promise.reject(new Error('no answer'));
const finals = (key: string): (Answer | UndoAnswer)[] =>
  heard
    .filter(([of, answer]) => of === key && answer.kind !== 'waiting')
    .map(([, answer]) => answer);
const settled = (key: string): Promise<void> =>
  vi.waitFor(() => expect(finals(key)).not.toEqual([]), 5_000);
const emptied = (): Promise<void> =>
  vi.waitFor(async () => expect(await outbox.pending()).toEqual([]), 5_000);

describe('a scan', () => {
  it('is stored before it is sent', async () => {
    let stored: string[] = [];
    redeem = async (of) => {
      stored = (await outbox.pending()).map(({ key }) => key);
      return accepted(of);
    };
    await check.check(scan('a'));
    await settled('a');
    expect(stored).toEqual(['a']);
    await emptied();
  });

  it('whose answer is lost is asked again with the same key until it is answered, once each', async () => {
    let tries = 0;
    redeem = (of) => (++tries < 4 ? lost() : Promise.resolve(accepted(of)));
    await check.check(scan('a'));
    await settled('a');
    await emptied();
    expect(sent).toEqual(['a', 'a', 'a', 'a']);
    expect(finals('a')).toHaveLength(1);
    expect(heard[0]).toEqual(['a', { kind: 'waiting' }]);
  });

  it('goes another way where the first brings no answer', async () => {
    redeem = lost;
    fallback = (of) => Promise.resolve(accepted(of));
    await check.check(scan('a'));
    await settled('a');
    expect(sent).toEqual(['a']);
  });

  it('survives a reload, and so does its key', async () => {
    redeem = lost;
    await check.check(scan('a'));
    await vi.waitFor(() => expect(sent).not.toEqual([]));
    check.close();
    redeem = (of) => Promise.resolve(accepted(of));
    sent = [];
    begin();
    check.nudge();
    await settled('a');
    await emptied();
    expect(new Set(sent)).toEqual(new Set(['a']));
  });

  it('that the hub cannot take is set aside, shown, and blocks no other', async () => {
    redeem = (of) =>
      of.key === 'bad'
        ? Promise.reject(new ApiProblem(422, { detail: 'This is no gate of this event.' }))
        : Promise.resolve(accepted(of));
    await check.check(scan('bad'));
    await check.check(scan('good'));
    await settled('good');
    await settled('bad');
    expect(finals('bad')).toEqual([{ kind: 'problem', detail: 'This is no gate of this event.' }]);
    await emptied();
    expect((await outbox.done(EVENT)).map(({ key }) => key).sort()).toEqual(['bad', 'good']);
  });

  it.each([429, 503, 500])('is asked again after a %d', async (status) => {
    let tries = 0;
    redeem = (of) =>
      ++tries === 1 ? Promise.reject(new ApiProblem(status, {})) : Promise.resolve(accepted(of));
    await check.check(scan('a'));
    await settled('a');
    expect(finals('a')[0]?.kind).toBe('verdict');
  });

  it('of a device that was ended stays stored', async () => {
    redeem = () => Promise.reject(new ApiProblem(401, {}));
    await check.check(scan('a'));
    await vi.waitFor(() => expect(hasEnded).toBe(true));
    expect((await outbox.pending()).map(({ key }) => key)).toEqual(['a']);
    expect(finals('a')).toEqual([]);
  });

  it('of another event waits for a door of that event', async () => {
    await outbox.put({
      kind: 'scan',
      key: 'other',
      eventId: 'event-2',
      scan: scan('other', 'event-2'),
    });
    await check.check(scan('a'));
    await settled('a');
    check.nudge();
    await vi.waitFor(async () => expect(await outbox.pending()).toHaveLength(1), 5_000);
    expect(sent).toEqual(['a']);
  });
});

describe('taking back', () => {
  it('is stored, asked until answered, and remembered with its scan', async () => {
    await check.check(scan('a'));
    await settled('a');
    await emptied();
    heard = [];
    let tries = 0;
    const asked: PendingUndo[] = [];
    reverse = (undo) => {
      asked.push(undo);
      if (++tries < 3) return lost();
      return Promise.resolve({ verdict: 'reversed', reason: null } as ReversalVerdict);
    };
    await check.undo(scan('a'), 'r-a');
    await settled('a');
    await emptied();
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    expect(asked[0]?.redemptionId).toBe('r-a');
    expect((await outbox.done(EVENT))[0]?.undo).toEqual({ kind: 'undone' });
  });

  it('says why not', async () => {
    reverse = () => Promise.resolve({ verdict: 'refused', reason: 'too_late' } as ReversalVerdict);
    await check.undo(scan('a'), 'r-a');
    await settled('a');
    expect(finals('a')).toEqual([{ kind: 'kept', reason: 'too_late' }]);
  });
});

describe('what is kept', () => {
  it('names no guest and holds no code once it is answered', async () => {
    await check.check(scan('a'));
    await settled('a');
    await emptied();
    const kept = JSON.stringify(await outbox.done(EVENT));
    expect(kept).toContain('Free drink');
    expect(kept).not.toContain('Ada');
    expect(kept).not.toContain('7KQ4MX2P9T');
  });

  it('are the last answers only, each once', async () => {
    for (let n = 0; n < MOST_DONE + 5; n++) {
      const item = { kind: 'scan', key: `k${n}`, eventId: EVENT, scan: scan(`k${n}`) } as const;
      await outbox.put(item);
      const answer = { kind: 'verdict', verdict: accepted(item.scan), provisional: false } as const;
      await outbox.scanAnswered(item, answer);
      await outbox.scanAnswered(item, answer);
    }
    const kept = (await outbox.done(EVENT)).map(({ key }) => key);
    expect(kept).toHaveLength(MOST_DONE);
    expect(kept.at(-1)).toBe(`k${MOST_DONE + 4}`);
  });

  it('may be any small thing', async () => {
    await outbox.keep('pairing', { token: 't' });
    expect(await outbox.kept('pairing')).toEqual({ token: 't' });
    await outbox.keep('pairing', undefined);
    expect(await outbox.kept('pairing')).toBeUndefined();
  });
});
