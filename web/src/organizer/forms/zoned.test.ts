import { describe, expect, it } from 'vitest';

import { fromZoned, offsetName, toZoned, zones } from './zoned.ts';

const VILNIUS = 'Europe/Vilnius';

describe('a wall clock', () => {
  it.each([
    ['2026-07-04T21:00', VILNIUS, '2026-07-04T18:00:00Z'],
    ['2026-12-31T23:30', VILNIUS, '2026-12-31T21:30:00Z'],
    ['2026-07-04T21:00', 'America/St_Johns', '2026-07-04T23:30:00Z'],
    ['2026-07-04T00:15', 'Pacific/Auckland', '2026-07-03T12:15:00Z'],
    ['2026-07-04T21:00', 'UTC', '2026-07-04T21:00:00Z'],
  ])('%s in %s is %s', (local, zone, at) => {
    expect(fromZoned(local, zone)).toBe(at);
    expect(toZoned(at, zone)).toBe(local);
  });

  it('that is shown twice means the first time', () => {
    expect(fromZoned('2026-10-25T03:30', VILNIUS)).toBe('2026-10-25T00:30:00Z');
  });

  it('that is skipped means as long after the jump', () => {
    expect(fromZoned('2026-03-29T03:30', VILNIUS)).toBe('2026-03-29T01:30:00Z');
    expect(toZoned('2026-03-29T01:30:00Z', VILNIUS)).toBe('2026-03-29T04:30');
  });

  it('keeps the hours beside a change of clocks', () => {
    expect(fromZoned('2026-10-25T02:59', VILNIUS)).toBe('2026-10-24T23:59:00Z');
    expect(fromZoned('2026-10-25T04:00', VILNIUS)).toBe('2026-10-25T02:00:00Z');
  });

  it.each(['', 'tomorrow', '2026-13-40T99:00'])('is not %j', (local) => {
    expect(fromZoned(local, VILNIUS)).toBeNull();
  });

  it('of a zone that this browser does not know keeps its moments', () => {
    expect(fromZoned(toZoned('2026-07-04T18:00:00Z', 'Moon/Base'), 'Moon/Base')).toBe(
      '2026-07-04T18:00:00Z',
    );
  });
});

it('names offsets', () => {
  const summer = Date.parse('2026-07-04T00:00:00Z');
  expect(offsetName(VILNIUS, summer)).toBe('UTC+3');
  expect(offsetName('America/St_Johns', summer)).toBe('UTC−2:30');
  expect(offsetName('UTC', summer)).toBe('UTC');
});

it('offers every zone, and the one that is set', () => {
  expect(zones('Moon/Base')).toEqual(expect.arrayContaining([VILNIUS, 'UTC', 'Moon/Base']));
});
