import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ApiProblem } from '../api/problem.ts';
import type { ReversalVerdict } from '../api/types.ts';
import { MOST_DONE, type PendingUndo } from '../check/outbox.ts';
import {
  accepted,
  begin,
  door,
  emptied,
  EVENT,
  finals,
  lost,
  scan,
  settled,
  setUp,
  tearDown,
} from './testing/asked.ts';
import { until } from '../testing/until.ts';

beforeEach(setUp);
afterEach(tearDown);

describe('a scan', () => {
  it('is stored before it is sent', async () => {
    let stored: string[] = [];
    door.redeem = async (of) => {
      stored = (await door.outbox.pending()).map(({ key }) => key);
      return accepted(of);
    };
    await door.check.check(scan('a'));
    await settled('a');
    expect(stored).toEqual(['a']);
    await emptied();
  });

  it('whose answer is lost is asked again with the same key until it is answered, once each', async () => {
    let tries = 0;
    door.redeem = (of) => (++tries < 4 ? lost() : Promise.resolve(accepted(of)));
    await door.check.check(scan('a'));
    await settled('a');
    await emptied();
    expect(door.sent).toEqual(['a', 'a', 'a', 'a']);
    expect(finals('a')).toHaveLength(1);
    expect(door.heard[0]).toEqual(['a', { kind: 'waiting' }]);
  });

  it('is asked again also where its next try comes due while others are asked', async () => {
    const tries = { a: 0, b: 0 };
    let isBack = false;
    door.redeem = async (of) => {
      const first = tries[of.key as 'a' | 'b']++ === 0;
      if (of.key === 'a') return isBack ? accepted(of) : lost();
      if (first) return lost();
      await new Promise((resolve) => setTimeout(resolve, 40)); // ten times as long as until the next try
      isBack = true;
      return accepted(of);
    };
    await door.check.check(scan('a'));
    await door.check.check(scan('b'));
    await settled('b');
    await settled('a');
    await emptied();
  });

  it('goes another way where the first brings no answer', async () => {
    door.redeem = lost;
    door.fallback = (of) => Promise.resolve(accepted(of));
    await door.check.check(scan('a'));
    await settled('a');
    expect(door.sent).toEqual(['a']);
  });

  it('whose answer nobody could see is told again, until somebody could', async () => {
    door.isSeen = false;
    await door.check.check(scan('a'));
    await until(() => expect(door.sent.length).toBeGreaterThan(2));
    expect([door.pending.waiting, (await door.outbox.pending()).length]).toEqual([1, 1]);
    door.isSeen = true;
    await emptied();
    expect(door.pending.waiting).toBe(0);
  });

  it('survives a reload, and so does its key', async () => {
    door.redeem = lost;
    await door.check.check(scan('a'));
    await until(() => expect(door.sent).not.toEqual([]));
    door.check.close();
    door.redeem = (of) => Promise.resolve(accepted(of));
    door.sent = [];
    await begin();
    door.check.nudge();
    await settled('a');
    await emptied();
    expect(new Set(door.sent)).toEqual(new Set(['a']));
  });

  it('that the hub cannot take is set aside, shown, and blocks no other', async () => {
    door.redeem = (of) =>
      of.key === 'bad'
        ? Promise.reject(new ApiProblem(422, { detail: 'This is no gate of this event.' }))
        : Promise.resolve(accepted(of));
    await door.check.check(scan('bad'));
    await door.check.check(scan('good'));
    await settled('good');
    await settled('bad');
    expect(finals('bad')).toEqual([{ kind: 'problem', detail: 'This is no gate of this event.' }]);
    await emptied();
    expect((await door.outbox.done(EVENT)).map(({ key }) => key).sort()).toEqual(['bad', 'good']);
  });

  it.each([429, 503, 500])('is asked again after a %d', async (status) => {
    let tries = 0;
    door.redeem = (of) =>
      ++tries === 1 ? Promise.reject(new ApiProblem(status, {})) : Promise.resolve(accepted(of));
    await door.check.check(scan('a'));
    await settled('a');
    expect(finals('a')[0]?.kind).toBe('verdict');
  });

  it('of a device that was ended stays stored', async () => {
    door.redeem = () => Promise.reject(new ApiProblem(401, {}));
    await door.check.check(scan('a'));
    await until(() => expect(door.hasEnded).toBe(true));
    expect((await door.outbox.pending()).map(({ key }) => key)).toEqual(['a']);
    expect(finals('a')).toEqual([]);
  });

  it('of another event waits for a door of that event', async () => {
    await door.outbox.put({
      kind: 'scan',
      key: 'other',
      eventId: 'event-2',
      scan: scan('other', 'event-2'),
    });
    await door.check.check(scan('a'));
    await settled('a');
    door.check.nudge();
    await until(async () => expect(await door.outbox.pending()).toHaveLength(1));
    expect(door.sent).toEqual(['a']);
  });
});

describe('taking back', () => {
  it('is stored, asked until answered, and remembered with its scan', async () => {
    await door.check.check(scan('a'));
    await settled('a');
    await emptied();
    door.heard = [];
    let tries = 0;
    const asked: PendingUndo[] = [];
    door.reverse = (undo) => {
      asked.push(undo);
      if (++tries < 3) return lost();
      return Promise.resolve({ verdict: 'reversed', reason: null } as ReversalVerdict);
    };
    await door.check.undo(scan('a'), 'r-a');
    await settled('a');
    await emptied();
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    expect(asked[0]?.redemptionId).toBe('r-a');
    expect((await door.outbox.done(EVENT))[0]?.undo).toEqual({ kind: 'undone' });
  });

  it('says why not', async () => {
    door.reverse = () =>
      Promise.resolve({ verdict: 'refused', reason: 'too_late' } as ReversalVerdict);
    await door.check.undo(scan('a'), 'r-a');
    await settled('a');
    expect(finals('a')).toEqual([{ kind: 'kept', reason: 'too_late' }]);
  });
});

describe('what is kept', () => {
  it('names no guest and holds no code once it is answered', async () => {
    await door.check.check(scan('a'));
    await settled('a');
    await emptied();
    const kept = JSON.stringify(await door.outbox.done(EVENT));
    expect(kept).toContain('Free drink');
    expect(kept).not.toContain('Ada');
    expect(kept).not.toContain('7KQ4MX2P9T');
  });

  it('are the last answers only, each once', async () => {
    for (let n = 0; n < MOST_DONE + 5; n++) {
      const item = { kind: 'scan', key: `k${n}`, eventId: EVENT, scan: scan(`k${n}`) } as const;
      await door.outbox.put(item);
      const answer = { kind: 'verdict', verdict: accepted(item.scan), provisional: false } as const;
      await door.outbox.scanAnswered(item, answer);
      await door.outbox.scanAnswered(item, answer);
    }
    const kept = (await door.outbox.done(EVENT)).map(({ key }) => key);
    expect(kept).toHaveLength(MOST_DONE);
    expect(kept.at(-1)).toBe(`k${MOST_DONE + 4}`);
  });

  it('may be any small thing', async () => {
    await door.outbox.keep('pairing', { token: 't' });
    expect(await door.outbox.kept('pairing')).toEqual({ token: 't' });
    await door.outbox.keep('pairing', undefined);
    expect(await door.outbox.kept('pairing')).toBeUndefined();
  });
});
