import {
  explain as explainShared,
  speak as speakShared,
  text as shared,
} from '../../lib/text/index.ts';
import type { Language } from '../../lib/text/language.ts';
import { ApiProblem } from '../../lib/api/problem.ts';
import { en, type Catalogue } from './en.ts';

type Shared = typeof shared;
type Words = Omit<Shared, 'common'> & Catalogue & Pick<Shared, 'common'>;

/** The words of the reader's language, from `speak` on: the app's own, and those that all apps share. */
export let text: Words = together(en);
let isEnglish = true;

/** Makes the app speak this language; to be awaited before it is drawn. */
export async function speak(language: Language): Promise<void> {
  const [own] = await Promise.all([
    language === 'lt' ? import('./lt.ts').then(({ lt }) => lt) : en,
    speakShared(language),
  ]);
  isEnglish = language === 'en';
  text = together(own);
}

/** Says in a sentence what went wrong. The hub's own sentences are English: other readers get ours. */
export function explain(error: unknown): string {
  if (error instanceof ApiProblem) {
    const ours = text.kinds[error.details.type?.split(':').at(-1) ?? ''];
    if (ours !== undefined) return ours;
    if (!isEnglish && error.status < 500 && ![422, 429].includes(error.status))
      return text.problems.other;
  }
  return explainShared(error);
}

function together(own: Catalogue): Words {
  return { ...shared, ...own, common: { ...shared.common, ...own.common } };
}
