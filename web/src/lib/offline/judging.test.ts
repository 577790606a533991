import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { RedeemRequest, RedeemVerdict } from '../api/types.ts';
import {
  accepted,
  all,
  begin,
  door,
  emptied,
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

describe('a door alone', () => {
  it('says what it can tell, has stored it by then, and brings it in', async () => {
    door.redeem = lost;
    door.alone = yes();
    await door.check.check(scan('a'));
    await settled('a');
    expect(finals('a')).toMatchObject([{ kind: 'verdict', provisional: true }]);
    expect(await door.outbox.pending()).toMatchObject([
      { key: 'a', local: { verdict: 'accepted', reason: null }, ordinal: 3 },
    ]);
    expect([door.pending.waiting, door.pending.of(3).units]).toEqual([1, 1]);
    const brought: RedeemRequest[] = [];
    door.batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await emptied();
    expect(finals('a').at(-1)).toMatchObject({ kind: 'verdict', provisional: false });
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
    expect([door.pending.waiting, door.pending.of(3).units]).toEqual([0, 0]);
  });

  it('shows again what a page that died may not have shown, and only then brings it in', async () => {
    await door.outbox.put({ ...stored('a'), alone: yes().verdict, local: LET_IN });
    door.isSeen = false;
    const brought: RedeemRequest[] = [];
    door.batch = all((of) => accepted(scan(of.idempotency_key)), brought);
    await begin();
    await door.check.flush();
    expect([finals('a').length, brought.length]).toEqual([1, 0]);
    door.isSeen = true;
    await emptied();
    expect(brought).toMatchObject([{ idempotency_key: 'a', local: { verdict: 'accepted' } }]);
  });

  it('has not acted on what nobody could see', async () => {
    door.redeem = lost;
    door.alone = yes();
    door.isSeen = false;
    await door.check.check(scan('a'));
    await settled('a');
    await until(() => expect(door.pending.unjudged.map(({ key }) => key)).toEqual(['a']));
    expect(door.pending.of(3).units).toBe(0);
    door.isSeen = true;
    await until(() => expect(door.pending.judged.map(({ key }) => key)).toEqual(['a']));
  });

  it('lets the late answer of the hub replace what it said', async () => {
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    door.redeem = () => new Promise((resolve) => (answer = resolve));
    door.alone = no();
    await door.check.check(scan('a'));
    await settled('a');
    answer(accepted(scan('a')));
    await emptied();
    expect(finals('a').map((said) => said.kind === 'verdict' && said.verdict.verdict)).toEqual([
      'refused',
      'accepted',
    ]);
  });

  it('leaves alone what was judged, shown and refused by the hub while others were asked', async () => {
    await door.outbox.put(stored('old'));
    await begin();
    const no = new Map<string, (error: Error) => void>();
    let answer: (verdict: RedeemVerdict) => void = () => undefined;
    door.redeem = (of) =>
      new Promise((resolve, reject) => {
        no.set(of.key, reject);
        if (of.key === 'a') answer = resolve;
      });
    door.alone = yes();
    await door.check.check(scan('a'));
    const flushed = door.check.flush();
    await until(() => expect(finals('a')).toHaveLength(1));
    answer(refused({ idempotency_key: 'a' }));
    await until(() => expect(finals('a')).toHaveLength(2));
    await idle();
    door.redeem = lost;
    door.isSeen = false;
    no.get('old')?.(new Error('no answer'));
    await flushed;
    expect(door.sent.filter((key) => key === 'a')).toEqual(['a']);
    expect(finals('a')).toMatchObject([{ provisional: true }, { provisional: false }]);
    expect(await door.outbox.pending()).toMatchObject([
      { key: 'old' },
      { key: 'a', local: { verdict: 'accepted' }, told: true },
    ]);
  });

  it('judges nothing once it is closed', async () => {
    let fail: (error: Error) => void = () => undefined;
    door.redeem = () => new Promise((_, reject) => (fail = reject));
    door.alone = yes();
    await door.check.check(scan('a'));
    door.check.close();
    const change = vi.spyOn(door.outbox, 'change');
    fail(new Error('no answer'));
    await idle();
    expect(change).not.toHaveBeenCalled();
    expect(finals('a')).toEqual([]);
  });

  it('judges a scan that it has no book for not at all, and says that it waits', async () => {
    door.redeem = lost;
    await door.check.check(scan('a'));
    await until(() => expect(door.heard).toContainEqual(['a', { kind: 'waiting' }]));
    expect(door.pending.waiting).toBe(1);
    expect(await door.outbox.pending()).not.toMatchObject([{ local: {} }]);
  });
});
