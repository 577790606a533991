import { expect, it } from 'vitest';

import { pluralOf } from './plural.ts';

it.each([
  [0, 'kodų'],
  [1, 'kodas'],
  [2, 'kodai'],
  [9, 'kodai'],
  [10, 'kodų'],
  [11, 'kodų'],
  [21, 'kodas'],
  [22, 'kodai'],
  [111, 'kodų'],
])('gives %i its Lithuanian form', (count, word) => {
  expect(pluralOf('lt')(count, 'kodas', 'kodai', 'kodų')).toBe(word);
});

it('knows the two forms of English', () => {
  const plural = pluralOf('en');
  expect([0, 1, 2].map((count) => plural(count, 'code', 'codes'))).toEqual([
    'codes',
    'code',
    'codes',
  ]);
});
