/** Which of the languages that we speak a reader gets. */
export const LANGUAGES = ['en', 'lt'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first of the reader's languages that we speak, English where there is none. */
export function chooseLanguage(preferred: readonly string[] = navigator.languages): Language {
  for (const tag of preferred) {
    const spoken = LANGUAGES.find((language) => isOf(tag, language));
    if (spoken !== undefined) return spoken;
  }
  return 'en';
}

/**
 * The locale of numbers and times beside words of this language: the reader's own tag of that language where there is one,
 * else the language as it is written in the reader's region (English words, but days and numbers as at home).
 */
export function chooseLocale(
  language: Language,
  preferred: readonly string[] = navigator.languages,
): string {
  // Some browsers tell tags that their own Intl refuses, such as en-US@posix.
  const own = preferred.find((tag) => isOf(tag, language) && isTag(tag));
  if (own !== undefined) return own;
  const region = preferred.map(regionOf).find((found) => found !== undefined);
  return region === undefined ? language : `${language}-${region}`;
}

function isOf(tag: string, language: Language): boolean {
  return tag.toLowerCase().split('-')[0] === language;
}

function regionOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).region;
  } catch {
    return undefined;
  }
}

function isTag(tag: string): boolean {
  try {
    new Intl.Locale(tag);
    return true;
  } catch {
    return false;
  }
}
