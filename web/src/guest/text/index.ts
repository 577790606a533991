import { speak as speakShared, text as shared } from '../../lib/text/index.ts';
import { chooseLanguage, chooseLocale, type Language } from '../../lib/text/language.ts';
import { en, type Catalogue } from './en.ts';

export { explain } from '../../lib/text/index.ts';

/** The words of the reader's language, from `speak` on: the guest pages' own, and those that all apps share. */
export let text: typeof shared & Catalogue = { ...shared, ...en };

/** The locale of numbers and times beside these words; undefined: the browser's own. */
export let locale: string | undefined;

/** Speaks the reader's language from now on; only that one is loaded. To be awaited before anything is shown. */
export async function speak(language: Language = chooseLanguage()): Promise<void> {
  try {
    const [own] = await Promise.all([
      language === 'lt' ? import('./lt.ts').then(({ lt }) => lt) : en,
      speakShared(language),
    ]);
    text = { ...shared, ...own };
    locale = chooseLocale(language);
  } catch {
    // Without a network, and with words that were never kept, English is better than nothing.
    await speakShared('en');
  }
}
