import { expect, it, vi } from 'vitest';

it.each([
  ['en-US@posix', 'en-US'],
  ['lt', 'lt'],
])('makes %s a language that can be formatted for', async (said, language) => {
  Object.defineProperty(navigator, 'language', { value: said, configurable: true });
  vi.resetModules();
  await import('./validlanguage.ts');
  expect(navigator.language).toBe(language);
});
