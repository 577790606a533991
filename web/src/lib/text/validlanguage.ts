/**
 * Imported before what formats for `navigator.language` while it loads: a Chromium on a machine without a locale says
 * `en-US@posix` there, which is no language to `Intl`, and what was to be loaded would be missing.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}

export {};
