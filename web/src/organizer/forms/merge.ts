/**
 * Keeps a form and what it edits together while others edit the same: what the reader did not touch follows at once, what
 * both changed is laid before the reader. Pure; `Draft` holds the state.
 */
export type Value = string | boolean | readonly string[];
export type Fields = Readonly<Record<string, Value>>;

export interface Merge<F extends Fields> {
  /** What the hub has, as far as is known here. */
  readonly base: F;
  /** What the form shows. */
  readonly mine: F;
  /** What somebody else made of the fields that the reader changed as well, until the reader chooses. */
  readonly theirs: Partial<F>;
}

export function same(one: Value | undefined, other: Value | undefined): boolean {
  if (typeof one === 'object' && typeof other === 'object')
    return one.length === other.length && one.every((value) => other.includes(value));
  return one === other;
}

/** The fields that the reader changed. */
export function changesOf<F extends Fields>({ base, mine }: Merge<F>): Partial<F> {
  return pick(mine, (name) => !same(base[name], mine[name]));
}

/** Takes up what the hub has now. */
export function follow<F extends Fields>({ base, mine, theirs }: Merge<F>, now: F): Merge<F> {
  const isMine = (name: keyof F): boolean => !same(base[name], mine[name]) || name in theirs;
  const isNews = (name: keyof F): boolean => !same(base[name], now[name]) || name in theirs;
  return {
    base: now,
    mine: { ...now, ...pick(mine, isMine) },
    theirs: pick(now, (name) => isMine(name) && isNews(name) && !same(mine[name], now[name])),
  };
}

/** Settles a field that both changed. */
export function settle<F extends Fields>(
  merge: Merge<F>,
  name: keyof F,
  whose: 'mine' | 'theirs',
): Merge<F> {
  const { theirs, mine } = merge;
  const left = pick(theirs as F, (other) => other in theirs && other !== name);
  return {
    ...merge,
    mine: whose === 'theirs' ? { ...mine, ...pick(theirs as F, (other) => other === name) } : mine,
    theirs: left,
  };
}

function pick<F extends Fields>(fields: F, wanted: (name: keyof F) => boolean): Partial<F> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => wanted(name)),
  ) as unknown as Partial<F>;
}
