import { expect, it } from 'vitest';

import { browserOf } from './browser.ts';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36';

it.each([
  [CHROME, 'Chrome, Linux'],
  [`${CHROME} Edg/150.0`, 'Edge, Linux'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1',
    'Safari, iOS',
  ],
  ['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox, Android'],
  ['python-requests/2.32', 'python-requests'],
  ['', null],
])('%s', (userAgent, words) => {
  expect(browserOf(userAgent)).toBe(words);
});
