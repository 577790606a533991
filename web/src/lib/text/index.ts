import { ApiProblem, Unreachable } from '../api/problem.ts';
import { en, type Catalogue } from './en.ts';
import { formatIn } from './format.ts';
import { chooseLocale, type Language } from './language.ts';

/** The words of the reader's language, from `speak` on. */
export let text: Catalogue = en;

/**
 * Makes `text`, the numbers and the times speak this language. An app's own `speak` calls it, before anything is drawn:
 * what is on the page already keeps its words.
 */
export async function speak(language: Language): Promise<void> {
  text = language === 'lt' ? (await import('./lt.ts')).lt : en;
  formatIn(chooseLocale(language));
  if (typeof document !== 'undefined') document.documentElement.lang = language;
}

/** Says in a sentence what went wrong. */
export function explain(error: unknown, words: Catalogue['problems'] = text.problems): string {
  if (error instanceof Unreachable) return words.unreachable;
  if (!(error instanceof ApiProblem)) return words.other;
  if (error.status === 422) return words.fields;
  if (error.status === 429) return words.tooMany(error.retryAfter);
  if (error.status >= 502 && error.status <= 504) return words.busy; // by the hub, or by the proxy before it
  if (error.status >= 500) return words.fault;
  return error.detail ?? words.other;
}

/** What the hub says of each field of a body that did not validate. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiProblem) || error.status !== 422) return {};
  return Object.fromEntries(
    (error.details.errors ?? []).map(({ loc, msg }) => [String(loc.at(-1)), msg]),
  );
}
