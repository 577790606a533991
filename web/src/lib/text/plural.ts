/**
 * Picks the form of a word that belongs to a number in that language.
 *
 * English has two forms ("code", "codes"), Lithuanian three ("kodas", "kodai", "kodų"): the last is the one for all other
 * numbers, and `few` is left out where a language has none.
 */
export function pluralOf(
  language: string,
): (count: number, one: string, fewOrOther: string, other?: string) => string {
  const rules = new Intl.PluralRules(language);
  return (count, one, fewOrOther, other = fewOrOther) => {
    switch (rules.select(count)) {
      case 'one':
        return one;
      case 'few':
        return fewOrOther;
      default:
        return other;
    }
  };
}
