import { expect, it } from 'vitest';

import { changesOf, follow, settle, type Merge } from './merge.ts';

interface Offer {
  readonly [name: string]: string | readonly string[];
  readonly title: string;
  readonly quantity: string;
  readonly gates: readonly string[];
}

const BASE: Offer = { title: 'Drink', quantity: '10', gates: ['a', 'b'] };
const form = (mine: Partial<Offer> = {}): Merge<Offer> => ({
  base: BASE,
  mine: { ...BASE, ...mine } as Offer,
  theirs: {},
});

it('sends what the reader changed, and nothing else', () => {
  expect(changesOf(form({ title: 'Cocktail', gates: ['b', 'a'] }))).toEqual({ title: 'Cocktail' });
});

it('follows what the reader did not touch', () => {
  const merged = follow(form({ title: 'Cocktail' }), { ...BASE, quantity: '20' });
  expect(merged.mine).toEqual({ title: 'Cocktail', quantity: '20', gates: ['a', 'b'] });
  expect(merged.theirs).toEqual({});
  expect(changesOf(merged)).toEqual({ title: 'Cocktail' });
});

it('lays before the reader what both changed', () => {
  const merged = follow(form({ title: 'Cocktail' }), { ...BASE, title: 'Beer' });
  expect(merged.mine.title).toBe('Cocktail');
  expect(merged.theirs).toEqual({ title: 'Beer' });
  expect(changesOf(settle(merged, 'title', 'mine'))).toEqual({ title: 'Cocktail' });
  const theirs = settle(merged, 'title', 'theirs');
  expect(theirs.mine.title).toBe('Beer');
  expect(theirs.theirs).toEqual({});
  expect(changesOf(theirs)).toEqual({});
});

it('asks again when it moves on before the reader chose', () => {
  const once = follow(form({ title: 'Cocktail' }), { ...BASE, title: 'Beer' });
  const twice = follow(once, { ...BASE, title: 'Wine' });
  expect(twice.theirs).toEqual({ title: 'Wine' });
  expect(follow(twice, { ...BASE, title: 'Cocktail' }).theirs).toEqual({});
});

it('keeps asking when something else moves', () => {
  const once = follow(form({ title: 'Cocktail' }), { ...BASE, title: 'Beer' });
  const later = follow(once, { ...BASE, title: 'Beer', quantity: '5' });
  expect(later.theirs).toEqual({ title: 'Beer' });
  expect(later.mine).toEqual({ title: 'Cocktail', quantity: '5', gates: ['a', 'b'] });
});

it('does not ask where both meant the same', () => {
  expect(follow(form({ title: 'Beer' }), { ...BASE, title: 'Beer' }).theirs).toEqual({});
});
