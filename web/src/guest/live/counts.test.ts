import { expect, it } from 'vitest';

import { offerWith, pageWith } from '../testing/made.ts';
import { counted, watched } from './counts.ts';

const numbers = { status: 'active', claimed: 4, redeemed: 2, remaining: 6 } as const;

it('takes the numbers as they are told, and nothing else', () => {
  const before = pageWith();
  const { page, isStale } = counted(before, {
    slug: 'harbour',
    status: 'open',
    offers: { o1: numbers },
  });
  expect(page.offers).toEqual([offerWith({ claimed: 4, redeemed: 2, remaining: 6 })]);
  expect(isStale).toBe(false);
  expect(before.offers[0]?.remaining).toBe(7);
});

it('needs no message that was lost', () => {
  const last = { slug: 'harbour', status: 'open', offers: { o1: numbers } } as const;
  const between = { ...last, offers: { o1: { ...numbers, remaining: 1 } } };
  const all = counted(counted(pageWith(), between).page, last);
  expect(all).toEqual(counted(pageWith(), last));
});

it('shows a pause and the end of the event', () => {
  const { page } = counted(pageWith(), {
    slug: 'harbour',
    status: 'closed',
    offers: { o1: { ...numbers, status: 'paused' } },
  });
  expect([page.status, page.offers[0]?.status]).toEqual(['closed', 'paused']);
});

it.each([
  [{}, []],
  [{ o1: numbers, o2: numbers }, ['o1']],
  [{ o2: numbers }, []],
])('knows by %o that the page must be read anew', (offers, left) => {
  const { page, isStale } = counted(pageWith(), { slug: 'harbour', status: 'open', offers });
  expect(isStale).toBe(true);
  expect(page.offers.map(({ id }) => id)).toEqual(left);
});

it('takes the answer to watch_public whole', () => {
  const offers = [offerWith({ id: 'o2', title: 'Soup' })];
  expect(watched(pageWith(), { status: 'closed', offers })).toEqual(
    pageWith({ status: 'closed', offers }),
  );
});
