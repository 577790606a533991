import { chooseLanguage } from '../../../lib/text/language.ts';
import { en, type Catalogue } from './en.ts';

/** The words of the sheets and of single pages, in the reader's language; English where those could not be fetched. */
export const words: Catalogue =
  chooseLanguage() === 'lt' ? await import('./lt.ts').then(({ lt }) => lt).catch(() => en) : en;
