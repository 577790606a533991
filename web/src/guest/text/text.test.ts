import { expect, it } from 'vitest';

import { en } from './en.ts';
import { lt } from './lt.ts';
import { en as enSheets } from './sheets/en.ts';
import { lt as ltSheets } from './sheets/lt.ts';
import { When } from './when.ts';

const NOW = Date.parse('2026-07-04T18:00:00Z');

/** All texts with the place where they stand; functions are called with numbers. */
function texts(part: object, place = ''): [string, string][] {
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) => {
    const here = `${place}.${key}`;
    if (typeof value === 'string') return [[here, value]];
    if (typeof value === 'function')
      return [[here, (value as (...numbers: number[]) => string)(3, 5)]];
    return texts(value as object, here);
  });
}

it('has the same places in both languages, and a word in each', () => {
  const english = [...texts(en), ...texts(enSheets)];
  const lithuanian = [...texts(lt), ...texts(ltSheets)];
  expect(lithuanian.map(([place]) => place)).toEqual(english.map(([place]) => place));
  expect([...english, ...lithuanian].filter(([, text]) => text.trim() === '')).toEqual([]);
});

it.each([
  [1, '1 kartą'],
  [2, '2 kartus'],
  [10, '10 kartų'],
  [21, '21 kartą'],
])('inflects %i in Lithuanian', (count, words) => {
  expect(lt.offer.uses(count)).toBe(`galioja ${words}`);
});

it('tells times in the zone of the event', () => {
  const when = new When('Europe/Vilnius', 'en-GB');
  expect(when.at('2026-07-04T19:30:00Z', NOW)).toBe('22:30');
  expect(when.at('2026-07-05T19:30:00Z', NOW)).toBe('Sun 5 Jul, 22:30');
  // 23:30 in Vilnius is the same evening there, whatever day it is at the reader's.
  expect(when.at('2026-07-04T20:30:00Z', NOW)).toBe('23:30');
});

it('names the zone where the reader’s clock shows another time', () => {
  const away = new When('Pacific/Auckland', 'en-GB').span(
    '2026-07-04T20:00:00Z',
    '2026-07-04T23:00:00Z',
  );
  expect(away).toMatch(/\(New Zealand Time\)$/);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(
    new When(zone, 'en-GB').span('2026-07-04T20:00:00Z', '2026-07-04T23:00:00Z'),
  ).not.toContain('(');
});

it('bears with a zone that it does not know', () => {
  expect(new When('Mars/Olympus', 'en-GB').at('2026-07-04T19:30:00Z', NOW)).toMatch(/\d\d:\d\d$/);
});

it.each([
  [-5, '00:00'],
  [900, '00:01'],
  [61_000, '01:01'],
  [3_600_000, '1:00:00'],
  [26 * 3_600_000, '26:00:00'],
  [3 * 86_400_000, '3 days'],
])('counts %i ms down as %s', (ms, shown) => {
  expect(new When(undefined, 'en-GB').countdown(ms)).toBe(shown);
});
