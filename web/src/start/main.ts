/** The start page is plain HTML in English; readers of another language get its words in their own. */
import { chooseLanguage } from '../lib/text/language.ts';

if (chooseLanguage() === 'lt') {
  const { lt } = await import('./lt.ts');
  document.documentElement.lang = 'lt';
  for (const element of document.querySelectorAll<HTMLElement>('[data-text]'))
    element.textContent = lt[element.dataset['text'] ?? ''] ?? element.textContent;
}
