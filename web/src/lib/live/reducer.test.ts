import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Entry, Snapshot } from '../api/types.ts';
import { apply, applyFrame } from './reducer.ts';
import { EPOCH, GrowingLedger, claim, snapshot } from './testing/ledger.ts';

interface Case {
  readonly name: string;
  readonly before: Snapshot;
  readonly entries: readonly Entry[];
  readonly after: Snapshot;
}

// The cases are recorded by the hub's tests from its real tables: see tests/vectors/README.md.
const recorded = join(import.meta.dirname, '../../../../tests/vectors/ledger_law.json');
const cases = JSON.parse(readFileSync(recorded, 'utf8')) as Case[];

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

describe('the law: a snapshot and the entries after it equal the later snapshot', () => {
  it('has cases', () => expect(cases.length).toBeGreaterThan(0));

  it.each(cases)('$name', ({ before, entries, after }) => {
    const applied = apply(frozen(before), frozen(entries));
    expect(applied.snapshot).toEqual(after);
    expect(applied.broken).toBeNull();
  });

  it.each(cases)('$name, in any frames, doubled and overlapping', ({ before, entries, after }) => {
    const cut = fc.tuple(fc.nat(entries.length), fc.nat(entries.length));
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 6 }), (cuts) => {
        // Frames that begin anywhere up to the first unknown entry, then the rest: nothing may be missing.
        let state = before;
        let known = 0;
        for (const [from, to] of [...cuts, [0, entries.length] as const]) {
          const start = Math.min(from, known);
          const applied = apply(state, entries.slice(start, to));
          expect(applied.broken).toBeNull();
          known = Math.max(known, to);
          state = applied.snapshot;
        }
        expect(state).toEqual(after);
      }),
      { numRuns: 25 },
    );
  });
});

describe('what does not fit', () => {
  it('leaves out what is known', () => {
    const ledger = new GrowingLedger();
    ledger.grow(3);
    const { snapshot: same, fresh, broken } = apply(ledger.now, ledger.entries);
    expect(same).toBe(ledger.now);
    expect(fresh).toEqual([]);
    expect(broken).toBeNull();
  });

  it('stops at a gap and says so', () => {
    const { snapshot: state, fresh, broken } = apply(snapshot(), [claim(2), claim(4)]);
    expect(state.seq).toBe(2);
    expect(fresh.map((entry) => entry.seq)).toEqual([2]);
    expect(broken).toBe('gap');
  });

  it('takes nothing of another history', () => {
    const before = snapshot();
    const applied = applyFrame(before, { epoch: `${EPOCH.slice(0, -1)}0`, entries: [claim(2)] });
    expect(applied).toEqual({ snapshot: before, fresh: [], broken: 'epoch' });
  });

  it('goes on over kinds that it does not know, and takes their counts', () => {
    const { snapshot: state } = apply(snapshot(), [{ ...claim(2), kind: 'voucher.polished' }]);
    expect(state.seq).toBe(2);
    expect(state.offers[0]?.claimed).toBe(1);
  });
});

it('shares what no entry touched', () => {
  const before = frozen(
    snapshot({ offers: [...snapshot().offers, { ...snapshot().offers[0]!, id: 'ffffffff' }] }),
  );
  const { snapshot: after } = apply(before, [claim(2)]);
  expect(after.offers[0]).not.toBe(before.offers[0]);
  expect(after.offers[1]).toBe(before.offers[1]);
  expect(after.gates).toBe(before.gates);
  expect(after.devices).toBe(before.devices);
  expect(after.event).toBe(before.event);
});
