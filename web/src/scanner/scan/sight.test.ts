import { expect, it } from 'vitest';

import { GONE_AFTER, Sight } from './sight.ts';

it('takes a code that stays in view once, however long it stays', () => {
  const sight = new Sight();
  const news = Array.from({ length: 900 }, (_, n) => sight.sees('A', n * 66)).filter(Boolean);
  expect(news).toHaveLength(1);
});

it('bears with blur: a code that is unreadable for a moment has not left', () => {
  const sight = new Sight();
  expect(sight.sees('A', 0)).toBe(true);
  expect(sight.sees('A', GONE_AFTER - 1)).toBe(false);
  expect(sight.sees('A', 2 * GONE_AFTER - 2)).toBe(false);
});

it('takes it again after it was gone', () => {
  const sight = new Sight();
  sight.sees('A', 0);
  expect(sight.sees('A', GONE_AFTER)).toBe(true);
});

it('takes every code for itself: two phones in view do not make each other new', () => {
  const sight = new Sight();
  const seen = Array.from({ length: 60 }, (_, n) => sight.sees(n % 2 ? 'A' : 'B', n * 66));
  expect(seen.filter(Boolean)).toHaveLength(2);
});

it('takes a code again that was not taken', () => {
  const sight = new Sight();
  sight.sees('A', 0);
  sight.forget('A');
  expect(sight.sees('A', 1)).toBe(true);
});
