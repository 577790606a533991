import { speak as speakShared, text as shared } from '../../lib/text/index.ts';
import type { Language } from '../../lib/text/language.ts';
import { en, type Catalogue } from './en.ts';

export { explain } from '../../lib/text/index.ts';

/** The words of the reader's language, from `speak` on: the app's own, and those that all apps share. */
export let text: typeof shared & Catalogue = { ...shared, ...en };

/** Makes the app speak this language; to be awaited before it is drawn. */
export async function speak(language: Language): Promise<void> {
  const [own] = await Promise.all([
    language === 'lt' ? import('./lt.ts').then(({ lt }) => lt) : en,
    speakShared(language),
  ]);
  text = { ...shared, ...own };
}
