import { configure, render, screen, waitFor, within } from '@testing-library/svelte';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Session } from '../../lib/api/session.ts';
import { TestHub } from '../../lib/live/testing/hub.ts';
import { EVENT_ID, GrowingLedger } from '../../lib/live/testing/ledger.ts';
import App from '../App.svelte';
import { SIGNED_IN } from '../testing/account.ts';
import { likeABrowser } from '../testing/browser.ts';
import { speak } from '../text/index.ts';

const AT = '2026-07-04T20:00:00Z';
let hub: TestHub;
let unmount: () => void;

// Tests share their machine: what should happen may take a while.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(async () => {
  await speak('en');
  localStorage.clear();
  hub = await TestHub.start();
  likeABrowser();
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const { pathname } = new URL(new Request(input, init).url);
    if (pathname.endsWith('/attempts')) return Response.json({ items: [], next_cursor: null });
    if (pathname.endsWith('/ledger')) {
      const { epoch, head, entries } = hub.ledger;
      return Response.json({ epoch, head_seq: head, entries });
    }
    return Response.json({ status: 404, title: 'Not Found' }, { status: 404 });
  });
  const session = new Session({ base: 'http://hub.test' });
  location.hash = `#/events/${EVENT_ID}`;
  ({ unmount } = render(App, { session, hub: hub.url }));
  session.begin(SIGNED_IN);
});

afterEach(async () => {
  unmount();
  vi.unstubAllGlobals();
  await hub.close();
});

/** The figures of the ticket of the one offer: redeemed, claimed, left. */
async function ticket(): Promise<string[]> {
  const article = await screen.findByRole('article');
  return [...article.querySelectorAll('dd, .left')].map((figure) => figure.textContent.trim());
}

it('shows the numbers and what happens, live', async () => {
  hub.ledger.grow(2);
  expect(await screen.findByRole('heading', { level: 1, name: 'Harbour Night' })).toBeTruthy();
  hub.send(hub.ledger.grow(3));
  await waitFor(async () => expect(await ticket()).toEqual(['0', '5', '999,995']));
  const feed = screen.getByRole('region', { name: 'What happens' });
  await waitFor(() => expect(within(feed).getAllByRole('listitem')).toHaveLength(5));
  expect(screen.getByText('Live')).toBeTruthy();
  const { violations } = await axe.run(document, {
    rules: { 'color-contrast': { enabled: false } },
  });
  expect(violations.map(({ id }) => id)).toEqual([]);
});

it('puts refused attempts into the feed', async () => {
  await screen.findByRole('article');
  hub.emit('scan', {
    event_id: EVENT_ID,
    attempt_id: 'a1',
    at: AT,
    reason: 'unknown_code',
    offer_id: null,
    gate_id: null,
    actor: { type: 'device', id: null, label: 'Phone 2' },
    offline: false,
  });
  expect(await screen.findByText('Phone 2 refused a code: unknown code')).toBeTruthy();
});

it('can hold the feed still, and says how much is new', async () => {
  hub.ledger.grow(1);
  await screen.findByText('Guest called dibs on “Free drink”');
  screen.getByRole('button', { name: 'Pause' }).click();
  hub.send(hub.ledger.grow(2));
  expect(await screen.findByText('Paused, 2 new')).toBeTruthy();
  expect(screen.getAllByText('Guest called dibs on “Free drink”')).toHaveLength(1);
  screen.getByRole('button', { name: 'Resume' }).click();
  await waitFor(() =>
    expect(screen.getAllByText('Guest called dibs on “Free drink”')).toHaveLength(3),
  );
});

it('says when it is not live, once and in words, and when it is again', async () => {
  await screen.findByText('Live');
  hub.refuse = () => ({ status: 503, title: 'Service Unavailable' });
  hub.breakConnections();
  const status = document.querySelector('p.out-of-sight[role=status]')!;
  await waitFor(() =>
    expect(status.textContent).toContain('No connection. These numbers are from'),
  );
  expect(document.title).toContain('Not live');
  hub.refuse = () => null;
  hub.ledger.grow(4);
  screen.getByRole('button', { name: 'Try now' }).click();
  await waitFor(() => expect(status.textContent).toBe('Live again'));
  await waitFor(async () => expect((await ticket())[1]).toBe('4'));
});

it('tells of an event that is not the reader’s', async () => {
  await screen.findByRole('article');
  hub.refuseWatch = () => ({ status: 404, title: 'Not Found' });
  hub.emit('unwatched', { event_id: EVENT_ID, reason: 'removed' });
  expect(await screen.findByText('This event is not yours')).toBeTruthy();
});

it('signs out when the session is ended from elsewhere', async () => {
  await screen.findByRole('article');
  hub.emit('session_ended', { reason: 'revoked' });
  expect(await screen.findByText(/This session was ended from elsewhere/)).toBeTruthy();
});

it('says what it was when another tab signed out, whoever tells first', async () => {
  await screen.findByRole('article');
  hub.emit('session_ended', { reason: 'signed_out' });
  expect(await screen.findByText('You signed out in another tab.')).toBeTruthy();
});

it('is designed for a night without offers and doors, too', async () => {
  await screen.findByRole('article');
  hub.ledger = new GrowingLedger('another epoch', []);
  hub.beacon();
  expect(await screen.findByText('No offers yet')).toBeTruthy();
  expect(screen.getByText('No door devices yet')).toBeTruthy();
});
