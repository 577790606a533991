import { expect, it } from 'vitest';

import { chooseLanguage } from './language.ts';

it.each([
  [['lt-LT', 'en'], 'lt'],
  [['de-DE', 'LT', 'en'], 'lt'],
  [['en-GB', 'lt'], 'en'],
  [['ltg', 'de'], 'en'],
  [[], 'en'],
])('picks for %j', (preferred, language) => {
  expect(chooseLanguage(preferred)).toBe(language);
});
