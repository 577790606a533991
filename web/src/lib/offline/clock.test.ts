import { beforeEach, describe, expect, it } from 'vitest';

import { type ClockNote, DoorClock } from './clock.ts';

describe("the door's clock", () => {
  /** The hub's time; the device's clock is `skew` ahead of it. */
  let hub: number;
  let skew: number;
  let kept: ClockNote[];
  const clocks = { wall: () => hub + skew, monotonic: () => hub - 900_000 };
  const open = (note: ClockNote | null = null): DoorClock =>
    new DoorClock(clocks, note, (noted) => kept.push(noted));
  /** An answer that was under way for so many milliseconds, all of them on the way back. */
  const told = (clock: DoorClock, slow = 0): void =>
    clock.contact(clocks.monotonic() - slow, hub - slow);

  beforeEach(() => {
    [hub, skew, kept] = [1_000_000, 0, []];
  });

  it('tells what the hub tells, whatever the device says', () => {
    skew = 5_400_000;
    const clock = open();
    told(clock);
    expect([clock.now(), clock.offset, clock.suspect]).toEqual([hub, -5_400_000, false]);
    skew = 0;
    expect([clock.now(), clock.suspect]).toEqual([hub, true]);
  });

  it('keeps what it knows well when an answer was long under way', () => {
    const clock = open();
    told(clock);
    skew = 60_000;
    hub += 900_000;
    told(clock, 840_000);
    expect([clock.now(), clock.suspect]).toEqual([hub, false]);
  });

  it('believes even a slow answer that rules out what it knew', () => {
    const clock = open();
    told(clock);
    const note = clock.note();
    skew = 5_400_000;
    const after = open(note);
    expect(after.now()).toBe(hub + 5_400_000);
    told(after, 4_000);
    expect(Math.abs(after.now() - hub)).toBeLessThanOrEqual(2_000);
  });

  it('has noted a new offset before the page is gone', () => {
    const clock = open();
    told(clock);
    skew = -5_400_000;
    told(clock);
    told(clock);
    expect(kept.map(({ offset }) => offset)).toEqual([0, 5_400_000]);
    expect(open(kept.at(-1)).now()).toBe(hub);
  });

  it('doubts a clock that went back while the page was away', () => {
    const clock = open();
    told(clock);
    const note = clock.note();
    skew = -5_000;
    expect(open(note).suspect).toBe(true);
  });

  it('takes a gap for sleep, and takes the next word for it', () => {
    const sleepy = { wall: () => hub, monotonic: () => 0 };
    const clock = new DoorClock(sleepy, null);
    clock.contact(0, hub);
    hub += 600_000;
    clock.resumed();
    expect([clock.now(), clock.suspect]).toEqual([hub, true]);
    clock.contact(-100, hub);
    expect([clock.now(), clock.suspect]).toEqual([hub + 50, false]);
  });
});
