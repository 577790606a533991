import 'fake-indexeddb/auto';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProblem, Unreachable } from '../api/problem.ts';
import type {
  LocalJudgement,
  RedeemRequest,
  RedeemVerdict,
  ReversalVerdict,
} from '../api/types.ts';
import type { Answer, Scan, UndoAnswer } from '../check/check.ts';
import { MOST_DONE, Outbox, type PendingScan, type PendingUndo } from '../check/outbox.ts';
import type { Alone, Judged } from './alone.ts';
import { OfflineCheck } from './check.ts';
import { DoorClock } from './clock.ts';
import type { BatchResult, Network } from './network.ts';
import { PendingScans } from './pending.ts';
import { ownLock, Uploads } from './uploads.ts';

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
let pending: PendingScans;
let check: OfflineCheck;
let heard: [string, Answer | UndoAnswer][];
let sent: string[];
let redeem: (scan: Scan) => Promise<RedeemVerdict>;
let reverse: (undo: PendingUndo) => Promise<ReversalVerdict>;
let batch: (items: readonly RedeemRequest[]) => Promise<readonly BatchResult[]>;
let fallback: ((scan: Scan) => Promise<RedeemVerdict>) | null;
/** What the door can tell by its book; null: it has none. */
let alone: Judged | null;
let learn: (verdict: RedeemVerdict, letIn: number) => Promise<void>;
let hasEnded: boolean;
/** Whether somebody looks at what the door shows. */
let isSeen: boolean;
let name = 0;

beforeEach(async () => {
  outbox = await Outbox.open(`door-${++name}`);
  heard = [];
  sent = [];
  hasEnded = false;
  isSeen = true;
  fallback = null;
  alone = null;
  learn = () => Promise.resolve();
  redeem = (scan) => Promise.resolve(accepted(scan));
  reverse = () => Promise.reject(new Error('not asked for'));
  batch = () => Promise.reject(new Unreachable('no network'));
  await begin();
});

afterEach(() => {
  check.close();
  outbox.close();
});

/** Opens the door, as after a reload. */
async function begin(): Promise<void> {
  const items = await outbox.pending();
  pending = new PendingScans(items.filter(({ eventId }) => eventId === EVENT));
  const uploads = new Uploads({
    network: { batch: (items: readonly RedeemRequest[]) => batch(items) } as Network,
    lock: ownLock(),
    waiting: () => pending.judged,
    answered: (answers) => check.broughtIn(answers),
    setAside: (item, problem) => check.setAside(item, problem),
  });
  check = new OfflineCheck({
    eventId: EVENT,
    outbox,
    pending,
    uploads,
    alone: {
      judge: () => Promise.resolve(alone),
      learn: (_: number | null, verdict: RedeemVerdict, letIn = 0) => learn(verdict, letIn),
    } as never as Alone,
    clock: new DoorClock({ wall: Date.now, monotonic: () => performance.now() }, null),
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
      answered: (key, answer) => {
        heard.push([key, answer]);
        return isSeen;
      },
      undone: (key, answer) => heard.push([key, answer]),
      ended: () => (hasEnded = true),
    },
    patience: () => 10,
    retry: 4,
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

const LET_IN: LocalJudgement = {
  verdict: 'accepted',
  reason: null,
  device_time: '2026-07-04T20:00:00Z',
  clock_offset_ms: 0,
  clock_suspect: false,
  staff: null,
};

function stored(key: string): PendingScan {
  return { kind: 'scan', key, eventId: EVENT, scan: scan(key) };
}

/** Lets everything happen that does not wait for the test. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await outbox.pending();
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

  it('whose answer nobody could see is told again, until somebody could', async () => {
    isSeen = false;
    await check.check(scan('a'));
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(2));
    expect([pending.waiting, (await outbox.pending()).length]).toEqual([1, 1]);
    isSeen = true;
    await emptied();
    expect(pending.waiting).toBe(0);
  });

  it('survives a reload, and so does its key', async () => {
    redeem = lost;
    await check.check(scan('a'));
    await vi.waitFor(() => expect(sent).not.toEqual([]));
    check.close();
    redeem = (of) => Promise.resolve(accepted(of));
    sent = [];
    await begin();
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

describe('a door alone', () => {
  const yes = (): Judged => ({ reason: null, ordinal: 3, verdict: accepted(scan('book')) });
  const no = (): Judged => ({
    reason: 'already_redeemed',
    ordinal: 3,
    verdict: { ...accepted(scan('book')), verdict: 'refused', reason: 'already_redeemed' },
  });
  const refused = (of: { idempotency_key: string }): RedeemVerdict => ({
    ...accepted(scan(of.idempotency_key)),
    verdict: 'refused',
    reason: 'voided',
  });
  const all =
    (verdict: (of: RedeemRequest) => RedeemVerdict, into: RedeemRequest[] = []) =>
    (items: readonly RedeemRequest[]): Promise<readonly BatchResult[]> => {
      into.push(...items);
      return Promise.resolve(items.map(verdict));
    };

  it('says what it can tell, has stored it by then, and brings it in', async () => {
    redeem = lost;
    alone = yes();
    await check.check(scan('a'));
    await settled('a');
    expect(finals('a')).toMatchObject([{ kind: 'verdict', provisional: true }]);
    expect(await outbox.pending()).toMatchObject([
      { key: 'a', local: { verdict: 'accepted', reason: null }, ordinal: 3 },
    ]);
    expect([pending.waiting, pending.of(3).units]).toEqual([1, 1]);
    const brought: RedeemRequest[] = [];
    batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await emptied();
    expect(finals('a').at(-1)).toMatchObject({ kind: 'verdict', provisional: false });
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
    expect([pending.waiting, pending.of(3).units]).toEqual([0, 0]);
  });

  it('shows again what a page that died may not have shown, and only then brings it in', async () => {
    await outbox.put({ ...stored('a'), alone: yes().verdict, local: LET_IN });
    isSeen = false;
    const brought: RedeemRequest[] = [];
    batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await begin();
    await check.flush();
    expect([finals('a').length, brought.length]).toEqual([1, 0]);
    isSeen = true;
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
  });

  it('has not acted on what nobody could see', async () => {
    redeem = lost;
    alone = yes();
    isSeen = false;
    await check.check(scan('a'));
    await settled('a');
    await vi.waitFor(() => expect(pending.unjudged.map(({ key }) => key)).toEqual(['a']));
    expect(pending.of(3).units).toBe(0);
    isSeen = true;
    await vi.waitFor(() => expect(pending.judged.map(({ key }) => key)).toEqual(['a']), 5_000);
  });

  it('lets the late answer of the hub replace what it said', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    redeem = () => new Promise((resolve) => (answer = resolve));
    alone = no();
    await check.check(scan('a'));
    await settled('a');
    answer(accepted(scan('a')));
    await emptied();
    expect(finals('a').map((said) => said.kind === 'verdict' && said.verdict.verdict)).toEqual([
      'refused',
      'accepted',
    ]);
  });

  it('tells the hub of a guest who was turned away where nobody sees that it was wrong', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    redeem = () => new Promise((resolve) => (answer = resolve));
    alone = no();
    const brought: RedeemRequest[] = [];
    batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await check.check(scan('a'));
    await settled('a');
    isSeen = false;
    answer(accepted(scan('a')));
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'refused' } }]);
  });

  it('brings in an admission that the hub refused in the end: a person has to look at it', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    redeem = () => new Promise((resolve) => (answer = resolve));
    alone = yes();
    const brought: RedeemRequest[] = [];
    batch = all(refused, brought);
    await check.check(scan('a'));
    await settled('a');
    answer(refused({ idempotency_key: 'a' }));
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
  });

  it('asks of a voucher again only when the hub has heard of what it let in itself', async () => {
    redeem = lost;
    alone = yes();
    await check.check(scan('a'));
    await vi.waitFor(() => expect(pending.judged).toHaveLength(1));
    // The network is back, and the same code is scanned before anything else happened.
    const asked: string[] = [];
    redeem = (of) => {
      asked.push(of.key);
      return Promise.resolve(refused({ idempotency_key: of.key }));
    };
    batch = (items) => {
      asked.push(...items.map((of) => of.idempotency_key));
      return all((of) => (of.idempotency_key === 'a' ? accepted(scan('a')) : refused(of)))(items);
    };
    alone = no();
    await check.check(scan('b'));
    await emptied();
    expect(asked).toEqual(['a', 'b']);
    expect(finals('b').at(-1)).toMatchObject({ provisional: false, verdict: { reason: 'voided' } });
  });

  it('judges such a voucher itself while the hub does not hear of the one before', async () => {
    redeem = lost;
    alone = yes();
    await check.check(scan('a'));
    await vi.waitFor(() => expect(pending.judged).toHaveLength(1));
    redeem = (of) => Promise.resolve(accepted(of));
    sent = [];
    alone = no();
    await check.check(scan('b'));
    await settled('b');
    expect(finals('b')).toMatchObject([{ provisional: true, verdict: { verdict: 'refused' } }]);
    expect(sent).toEqual([]);
  });

  it('remembers what it let in though the hub refuses it', async () => {
    redeem = lost;
    alone = yes();
    const learnt: [string | null, number][] = [];
    learn = ({ reason }, letIn) => Promise.resolve(void learnt.push([reason, letIn]));
    await check.check(scan('a'));
    batch = all(refused);
    await emptied();
    expect(learnt).toEqual([['voided', 1]]);
  });

  it('leaves alone what was judged, shown and refused by the hub while others were asked', async () => {
    await outbox.put(stored('old'));
    await begin();
    const no = new Map<string, (error: Error) => void>();
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    redeem = (of) =>
      new Promise((resolve, reject) => {
        no.set(of.key, reject);
        if (of.key === 'a') answer = resolve;
      });
    alone = yes();
    await check.check(scan('a'));
    const flushed = check.flush();
    await vi.waitFor(() => expect(finals('a')).toHaveLength(1));
    answer(refused({ idempotency_key: 'a' }));
    await vi.waitFor(() => expect(finals('a')).toHaveLength(2));
    await idle();
    redeem = lost;
    isSeen = false;
    no.get('old')?.(new Error('no answer'));
    await flushed;
    expect(sent.filter((key) => key === 'a')).toEqual(['a']);
    expect(finals('a')).toMatchObject([{ provisional: true }, { provisional: false }]);
    expect(await outbox.pending()).toMatchObject([
      { key: 'old' },
      { key: 'a', local: { verdict: 'accepted' }, told: true },
    ]);
  });

  it('judges nothing once it is closed', async () => {
    let fail: (error: Error) => void = () => undefined;
    redeem = () => new Promise((_, reject) => (fail = reject));
    alone = yes();
    await check.check(scan('a'));
    check.close();
    const change = vi.spyOn(outbox, 'change');
    fail(new Error('no answer'));
    await idle();
    expect(change).not.toHaveBeenCalled();
    expect(finals('a')).toEqual([]);
  });

  it('keeps an admission that the hub rejects while it is being stored', async () => {
    let fail: (error: Error) => void = () => undefined;
    redeem = () => new Promise((_, reject) => (fail = reject));
    alone = yes();
    let store: () => void = () => undefined;
    const change = outbox.change.bind(outbox);
    const changes = vi.spyOn(outbox, 'change').mockImplementationOnce(async (item) => {
      await new Promise<void>((resolve) => (store = resolve));
      await change(item);
    });
    await check.check(scan('a'));
    await vi.waitFor(() => expect(changes).toHaveBeenCalled());
    fail(new ApiProblem(403, { detail: 'Not here.' }));
    await idle();
    store();
    await settled('a');
    await vi.waitFor(() => expect(pending.judged.map(({ key }) => key)).toEqual(['a']));
    expect(await outbox.pending()).toMatchObject([
      { key: 'a', local: { verdict: 'accepted' }, told: true },
    ]);
  });

  it.each([yes, no])(
    'brings in what it did though the hub cannot be asked it any more',
    async (own) => {
      let fail: (error: Error) => void = () => undefined;
      redeem = () => new Promise((_, reject) => (fail = reject));
      alone = own();
      const brought: RedeemRequest[] = [];
      batch = all((of) => accepted(scan(of.idempotency_key)), brought);
      await check.check(scan('a'));
      await settled('a');
      fail(new ApiProblem(422, { detail: 'This is no gate of this event.' }));
      await emptied();
      expect(finals('a')).not.toContainEqual(expect.objectContaining({ kind: 'problem' }));
      expect(brought).toMatchObject([{ local: { verdict: own().verdict.verdict } }]);
    },
  );

  it('undoes nothing that another page has shown', async () => {
    await outbox.put({ ...stored('a'), local: LET_IN, told: true });
    await outbox.change({ ...stored('a'), local: LET_IN });
    await outbox.change(stored('a'));
    expect(await outbox.pending()).toMatchObject([{ local: LET_IN, told: true }]);
    await outbox.change({ ...stored('a'), local: LET_IN, told: true, aside: 'No.' });
    expect(await outbox.pending()).toMatchObject([{ aside: 'No.' }]);
  });

  it('keeps an admission of another page that the hub refuses to this one', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    redeem = () => new Promise((resolve) => (answer = resolve));
    await check.check(scan('a'));
    await outbox.change({ ...stored('a'), local: LET_IN, told: true });
    answer(refused({ idempotency_key: 'a' }));
    await vi.waitFor(() => expect(pending.has('a')).toBe(false));
    expect(await outbox.pending()).toMatchObject([{ key: 'a', local: LET_IN }]);
    expect(await outbox.done(EVENT)).toEqual([]);
    check.close();
    await begin();
    batch = all(refused);
    check.nudge();
    await emptied();
    expect((await outbox.done(EVENT)).map(({ key }) => key)).toEqual(['a']);
  });

  it('sets nothing aside once it is closed', async () => {
    let fail: (error: Error) => void = () => undefined;
    redeem = () => new Promise((_, reject) => (fail = reject));
    await check.check(scan('a'));
    check.close();
    fail(new ApiProblem(403, { detail: 'Not here.' }));
    await idle();
    expect(await outbox.pending()).toMatchObject([{ key: 'a' }]);
  });

  it('keeps what the hub cannot take until somebody has seen it, and brings in the rest', async () => {
    redeem = lost;
    alone = yes();
    await check.check(scan('bad'));
    await check.check(scan('good'));
    await vi.waitFor(() => expect(pending.judged).toHaveLength(2));
    batch = (items) =>
      Promise.resolve(
        items.map((of) =>
          of.idempotency_key === 'bad'
            ? { problem: { status: 422, detail: 'Another code had this key.' } }
            : accepted(scan(of.idempotency_key)),
        ),
      );
    await vi.waitFor(() => expect(pending.aside.map(({ key }) => key)).toEqual(['bad']), 5_000);
    await vi.waitFor(() => expect(pending.waiting).toBe(0), 5_000);
    expect(await outbox.pending()).toMatchObject([
      { key: 'bad', aside: 'Another code had this key.' },
    ]);
    await check.dismiss('bad');
    await emptied();
    expect(pending.aside).toEqual([]);
  });

  it('judges a scan that it has no book for not at all, and says that it waits', async () => {
    redeem = lost;
    await check.check(scan('a'));
    await vi.waitFor(() => expect(heard).toContainEqual(['a', { kind: 'waiting' }]));
    expect(pending.waiting).toBe(1);
    expect(await outbox.pending()).not.toMatchObject([{ local: {} }]);
  });

  it('sends less at once where the line does not carry it', async () => {
    redeem = lost;
    alone = yes();
    for (let n = 0; n < 30; n++) {
      alone = { ...yes(), ordinal: n };
      await check.check(scan(`k${n}`));
    }
    const sizes: number[] = [];
    batch = (items) => {
      sizes.push(items.length);
      return items.length > 10
        ? Promise.reject(new Unreachable('too slow'))
        : all((of) => accepted(scan(of.idempotency_key)))(items);
    };
    await emptied();
    expect(sizes.slice(sizes.indexOf(10))).toEqual([10, 20, 10, 10]);
  });
});

describe('a storage that fails', () => {
  const full = new Error('the storage is full');
  const own = accepted(scan('book'));
  const bringsIn = (items: readonly RedeemRequest[]): Promise<readonly BatchResult[]> =>
    Promise.resolve(items.map((of) => accepted(scan(of.idempotency_key))));

  it('shows nobody a judgement that it did not take, and is tried again', async () => {
    redeem = lost;
    alone = { reason: null, ordinal: 3, verdict: own };
    vi.spyOn(outbox, 'change').mockRejectedValueOnce(full);
    await check.check(scan('a'));
    await settled('a');
    expect(heard[0]).toEqual(['a', { kind: 'waiting' }]);
    await vi.waitFor(async () => expect(await outbox.pending()).toMatchObject([{ told: true }]));
  });

  it('does not let the door contradict what the hub has answered', async () => {
    alone = { reason: null, ordinal: 3, verdict: own };
    vi.spyOn(outbox, 'scanAnswered').mockRejectedValueOnce(full);
    await check.check(scan('a'));
    await emptied();
    expect(finals('a')).toMatchObject([{ provisional: false }, { provisional: false }]);
  });

  it('stops neither what comes after, nor the next try', async () => {
    for (const key of ['a', 'b']) await outbox.put({ ...stored(key), alone: own, local: LET_IN });
    await outbox.put(stored('c'));
    vi.spyOn(outbox, 'change').mockRejectedValueOnce(full);
    batch = bringsIn;
    await begin();
    await check.flush();
    expect([finals('a').length, finals('b').length, finals('c').length]).toEqual([2, 2, 1]);
    await emptied();
  });

  it('keeps what the book could not learn for the next time, and only that', async () => {
    for (const key of ['a', 'b']) await outbox.put({ ...stored(key), local: LET_IN, told: true });
    let hasFailed = false;
    learn = ({ redemption_id }) => {
      if (hasFailed || redemption_id !== 'r-a') return Promise.resolve();
      hasFailed = true;
      return Promise.reject(full);
    };
    batch = bringsIn;
    await begin();
    await check.flush();
    expect(pending.judged.map(({ key }) => key)).toEqual(['a']);
    await emptied();
  });

  it('keeps no other from being brought in where one is set aside', async () => {
    for (const key of ['a', 'b']) await outbox.put({ ...stored(key), local: LET_IN, told: true });
    vi.spyOn(outbox, 'change').mockRejectedValueOnce(full);
    batch = (items) =>
      Promise.resolve(
        items.map((of) =>
          of.idempotency_key === 'a'
            ? { problem: { status: 422, detail: 'No.' } }
            : accepted(scan(of.idempotency_key)),
        ),
      );
    await begin();
    await check.flush();
    expect([pending.waiting, pending.aside.map(({ key }) => key)]).toEqual([0, ['a']]);
  });

  it('is asked again to forget what was taken back', async () => {
    reverse = () => Promise.reject(new ApiProblem(404, { detail: 'Unknown.' }));
    vi.spyOn(outbox, 'undoAnswered').mockRejectedValueOnce(full);
    await check.undo(scan('a'), 'r-a');
    await emptied();
    expect(finals('a')).toHaveLength(2);
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
