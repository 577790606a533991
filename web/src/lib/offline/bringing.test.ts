import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProblem, Unreachable } from '../api/problem.ts';
import type { RedeemRequest, RedeemVerdict } from '../api/types.ts';
import {
  accepted,
  all,
  begin,
  door,
  emptied,
  EVENT,
  finals,
  idle,
  LET_IN,
  lost,
  no,
  refused,
  scan,
  settled,
  setUp,
  stored,
  tearDown,
  yes,
} from './testing/asked.ts';
import { until } from '../testing/until.ts';

beforeEach(setUp);
afterEach(tearDown);

/** The network is away, and the door lets the guest with scan `a` in. */
async function letInAlone(): Promise<void> {
  door.redeem = lost;
  door.alone = yes();
  await door.check.check(scan('a'));
  await until(() => expect(door.pending.judged).toHaveLength(1));
}

/** The network is back, and the hub refuses whatever it is asked: the keys, in order. */
function noted(): string[] {
  const asked: string[] = [];
  door.redeem = (of) => {
    asked.push(of.key);
    return Promise.resolve(refused({ idempotency_key: of.key }));
  };
  return asked;
}

describe('what a door did alone', () => {
  it('tells the hub of a guest who was turned away where nobody sees that it was wrong', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    door.redeem = () => new Promise((resolve) => (answer = resolve));
    door.alone = no();
    const brought: RedeemRequest[] = [];
    door.batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await door.check.check(scan('a'));
    await settled('a');
    door.isSeen = false;
    answer(accepted(scan('a')));
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'refused' } }]);
  });

  it('brings in an admission that the hub refused in the end: a person has to look at it', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    door.redeem = () => new Promise((resolve) => (answer = resolve));
    door.alone = yes();
    const brought: RedeemRequest[] = [];
    door.batch = all(refused, brought);
    await door.check.check(scan('a'));
    await settled('a');
    answer(refused({ idempotency_key: 'a' }));
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
  });

  it('asks of a voucher again only when the hub has heard of what it let in itself', async () => {
    await letInAlone();
    // The network is back, and the same code is scanned before anything else happened.
    door.patience = 60_000;
    const asked = noted();
    door.batch = (items) => {
      asked.push(...items.map((of) => of.idempotency_key));
      return all((of) => (of.idempotency_key === 'a' ? accepted(scan('a')) : refused(of)))(items);
    };
    door.alone = no();
    await door.check.check(scan('b'));
    await emptied();
    expect(asked).toEqual(['a', 'b']);
    expect(finals('b').at(-1)).toMatchObject({ provisional: false, verdict: { reason: 'voided' } });
  });

  it('asks of a voucher that was found by name when the hub has heard of all it let in', async () => {
    await letInAlone();
    const asked = noted();
    const brought: RedeemRequest[] = [];
    door.batch = all((of) => (asked.push(of.idempotency_key), accepted(scan('a'))), brought);
    door.alone = null;
    await door.check.check({ ...scan('b'), code: null, voucherId: 'v1' });
    await emptied();
    expect(asked).toEqual(['a', 'b']);
  });

  it('judges such a voucher itself while the hub does not hear of the one before', async () => {
    await letInAlone();
    door.redeem = (of) => Promise.resolve(accepted(of));
    door.sent = [];
    door.alone = no();
    await door.check.check(scan('b'));
    await settled('b');
    expect(finals('b')).toMatchObject([{ provisional: true, verdict: { verdict: 'refused' } }]);
    expect(door.sent).toEqual([]);
  });

  it('remembers what it let in though the hub refuses it', async () => {
    door.redeem = lost;
    door.alone = yes();
    const learnt: [string | null, number][] = [];
    door.learn = ({ reason }, letIn) => Promise.resolve(void learnt.push([reason, letIn]));
    await door.check.check(scan('a'));
    door.batch = all(refused);
    await emptied();
    expect(learnt).toEqual([['voided', 1]]);
  });

  it('keeps an admission that the hub rejects while it is being stored', async () => {
    let fail: (error: Error) => void = () => undefined;
    door.redeem = () => new Promise((_, reject) => (fail = reject));
    door.alone = yes();
    let store: () => void = () => undefined;
    const change = door.outbox.change.bind(door.outbox);
    const changes = vi.spyOn(door.outbox, 'change').mockImplementationOnce(async (item) => {
      await new Promise<void>((resolve) => (store = resolve));
      await change(item);
    });
    await door.check.check(scan('a'));
    await until(() => expect(changes).toHaveBeenCalled());
    fail(new ApiProblem(403, { detail: 'Not here.' }));
    await idle();
    store();
    await settled('a');
    await until(() => expect(door.pending.judged.map(({ key }) => key)).toEqual(['a']));
    expect(await door.outbox.pending()).toMatchObject([
      { key: 'a', local: { verdict: 'accepted' }, told: true },
    ]);
  });

  it.each([yes, no])(
    'brings in what it did though the hub cannot be asked it any more',
    async (own) => {
      let fail: (error: Error) => void = () => undefined;
      door.redeem = () => new Promise((_, reject) => (fail = reject));
      door.alone = own();
      const brought: RedeemRequest[] = [];
      door.batch = all((of) => accepted(scan(of.idempotency_key)), brought);
      await door.check.check(scan('a'));
      await settled('a');
      fail(new ApiProblem(422, { detail: 'This is no gate of this event.' }));
      await emptied();
      expect(finals('a')).not.toContainEqual(expect.objectContaining({ kind: 'problem' }));
      expect(brought).toMatchObject([{ local: { verdict: own().verdict.verdict } }]);
    },
  );

  it('undoes nothing that another page has shown', async () => {
    await door.outbox.put({ ...stored('a'), local: LET_IN, told: true });
    await door.outbox.change({ ...stored('a'), local: LET_IN });
    await door.outbox.change(stored('a'));
    expect(await door.outbox.pending()).toMatchObject([{ local: LET_IN, told: true }]);
    await door.outbox.change({ ...stored('a'), local: LET_IN, told: true, aside: 'No.' });
    expect(await door.outbox.pending()).toMatchObject([{ aside: 'No.' }]);
  });

  it('keeps an admission of another page that the hub refuses to this one', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    door.redeem = () => new Promise((resolve) => (answer = resolve));
    await door.check.check(scan('a'));
    await door.outbox.change({ ...stored('a'), local: LET_IN, told: true });
    answer(refused({ idempotency_key: 'a' }));
    await until(() => expect(door.pending.has('a')).toBe(false));
    expect(await door.outbox.pending()).toMatchObject([{ key: 'a', local: LET_IN }]);
    expect(await door.outbox.done(EVENT)).toEqual([]);
    door.check.close();
    await begin();
    door.batch = all(refused);
    door.check.nudge();
    await emptied();
    expect((await door.outbox.done(EVENT)).map(({ key }) => key)).toEqual(['a']);
  });

  it('sets nothing aside once it is closed', async () => {
    let fail: (error: Error) => void = () => undefined;
    door.redeem = () => new Promise((_, reject) => (fail = reject));
    await door.check.check(scan('a'));
    door.check.close();
    fail(new ApiProblem(403, { detail: 'Not here.' }));
    await idle();
    expect(await door.outbox.pending()).toMatchObject([{ key: 'a' }]);
  });

  it('keeps what the hub cannot take until somebody has seen it, and brings in the rest', async () => {
    door.redeem = lost;
    door.alone = yes();
    await door.check.check(scan('bad'));
    await door.check.check(scan('good'));
    await until(() => expect(door.pending.judged).toHaveLength(2));
    door.batch = (items) =>
      Promise.resolve(
        items.map((of) =>
          of.idempotency_key === 'bad'
            ? { problem: { status: 422, detail: 'Another code had this key.' } }
            : accepted(scan(of.idempotency_key)),
        ),
      );
    await until(() => expect(door.pending.aside.map(({ key }) => key)).toEqual(['bad']));
    await until(() => expect(door.pending.waiting).toBe(0));
    expect(await door.outbox.pending()).toMatchObject([
      { key: 'bad', aside: 'Another code had this key.' },
    ]);
    await door.check.dismiss('bad');
    await emptied();
    expect(door.pending.aside).toEqual([]);
  });

  it('sends less at once where the line does not carry it', async () => {
    door.redeem = lost;
    door.alone = yes();
    for (let n = 0; n < 30; n++) {
      door.alone = { ...yes(), ordinal: n };
      await door.check.check(scan(`k${n}`));
    }
    const sizes: number[] = [];
    door.batch = (items) => {
      sizes.push(items.length);
      return items.length > 10
        ? Promise.reject(new Unreachable('too slow'))
        : all((of) => accepted(scan(of.idempotency_key)))(items);
    };
    await emptied();
    expect(sizes.slice(sizes.indexOf(10))).toEqual([10, 20, 10, 10]);
  });
});
