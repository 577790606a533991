import { expect, it, vi } from 'vitest';

vi.stubGlobal('location', { hash: '' });
const { address, parse } = await import('./route.svelte.ts');

it.each([
  ['', { name: 'events' }],
  ['#/', { name: 'events' }],
  ['#/new', { name: 'new' }],
  ['#/account', { name: 'account' }],
  [address.event('e 1'), { name: 'event', eventId: 'e 1', page: 'live', part: null }],
  [address.event('e1', 'codes'), { name: 'event', eventId: 'e1', page: 'codes', part: null }],
  [
    address.event('e1', 'offers', 'o/1'),
    { name: 'event', eventId: 'e1', page: 'offers', part: 'o/1' },
  ],
  ['#/events/e1/nowhere', { name: 'event', eventId: 'e1', page: 'live', part: null }],
  ['#/invite/a%20b', { name: 'invite', token: 'a b' }],
  ['#/password/%E0%A4%A', { name: 'password', token: '%E0%A4%A' }],
  ['#/elsewhere/x', { name: 'events' }],
])('%j leads to %j', (hash, route) => {
  expect(parse(hash)).toEqual(route);
});
