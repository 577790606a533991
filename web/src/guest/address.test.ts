import { expect, it } from 'vitest';

import { lastPart } from './place.ts';
import { tokenOf } from './wallet/link.ts';

const TOKEN = 'AaIhznTkcCK2RbPekmOOZl5ZHjIzB88KBAjV-2N6D0M';

it.each([
  ['/e/harbour-night', 'harbour-night'],
  ['/V/7KQ4MX2P9T', '7KQ4MX2P9T'],
  ['/v/a%20b', 'a b'],
  ['/v/%', '%'],
  ['/e/', ''],
])('finds the last part of %s', (pathname, part) => {
  expect(lastPart(pathname)).toBe(part);
});

it.each([
  [`#${TOKEN}`, TOKEN],
  [TOKEN, TOKEN],
  [` https://party.test/wallet/#${TOKEN}\n`, TOKEN],
  [`http://10.0.0.5:8080/wallet#${TOKEN}`, TOKEN],
  ['https://party.test/e/harbour', null],
  ['#short', null],
  ['', null],
])('reads the wallet link %s', (written, token) => {
  expect(tokenOf(written)).toBe(token);
});
