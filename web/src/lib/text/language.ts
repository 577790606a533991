/** Which of the languages that we speak a reader gets. */
export const LANGUAGES = ['en', 'lt'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first of the reader's languages that we speak, English where there is none. */
export function chooseLanguage(preferred: readonly string[] = navigator.languages): Language {
  for (const tag of preferred) {
    const spoken = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (spoken !== undefined) return spoken;
  }
  return 'en';
}
