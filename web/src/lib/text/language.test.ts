import { expect, it } from 'vitest';

import { chooseLanguage, chooseLocale } from './language.ts';

it.each([
  [['lt-LT', 'en'], 'lt'],
  [['de-DE', 'LT', 'en'], 'lt'],
  [['en-GB', 'lt'], 'en'],
  [['ltg', 'de'], 'en'],
  [[], 'en'],
])('picks for %j', (preferred, language) => {
  expect(chooseLanguage(preferred)).toBe(language);
});

it.each([
  ['lt', ['lt-LT', 'en'], 'lt-LT'],
  ['en', ['en-GB', 'lt'], 'en-GB'],
  ['en', ['de-DE'], 'en-DE'],
  ['en', ['de', 'not a tag'], 'en'],
] as const)('writes numbers beside %s for %j', (language, preferred, locale) => {
  expect(chooseLocale(language, preferred)).toBe(locale);
});

it('takes no tag that Intl refuses', () => {
  expect(chooseLocale('en', ['en-US@posix', 'en-GB'])).toBe('en-GB');
  expect(chooseLocale('en', ['en-US@posix'])).toBe('en');
});
