import { configure, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Session } from '../../lib/api/session.ts';
import type { VoucherRecord } from '../../lib/api/types.ts';
import { TestHub } from '../../lib/live/testing/hub.ts';
import { claim, EVENT_ID, OFFER_ID } from '../../lib/live/testing/ledger.ts';
import App from '../App.svelte';
import { SIGNED_IN } from '../testing/account.ts';
import { likeABrowser } from '../testing/browser.ts';
import { speak } from '../text/index.ts';

const AT = '2026-07-04T20:00:00Z';
const VOUCHER: VoucherRecord = {
  id: claim(2).voucher_id ?? '',
  code: '7KQ4MX2P9T',
  state: 'issued',
  offer_id: OFFER_ID,
  offer_title: 'Drink',
  uses: 0,
  max_uses: 1,
  remaining: 1,
  guest_name: null,
  guest_email: null,
  batch_id: null,
  leased_to: null,
  leased_until: null,
  created_at: AT,
  updated_at: AT,
};

let hub: TestHub;
let unmount: () => void;
/** Tells the reader's role. */
let tell: (role: string) => void;
let pictures: number;

// Tests share their machine: what should happen may take a while.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(async () => {
  await speak('en');
  localStorage.clear();
  hub = await TestHub.start();
  likeABrowser();
  pictures = 0;
  const told = new Promise<string>((resolve) => (tell = resolve));
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const { pathname } = new URL(new Request(input, init).url);
    if (pathname.endsWith(`/events/${EVENT_ID}`))
      return Response.json({ version: 1, role: await told });
    if (pathname.endsWith('/vouchers'))
      return Response.json({ items: [VOUCHER], next_cursor: null });
    if (pathname.endsWith('/redemptions')) return Response.json({ items: [], next_cursor: null });
    if (pathname.endsWith('/qr.svg')) {
      pictures += 1;
      return new Response('<svg xmlns="http://www.w3.org/2000/svg"/>');
    }
    return Response.json({ status: 404, title: 'Not Found' }, { status: 404 });
  });
  const session = new Session({ base: 'http://hub.test' });
  location.hash = `#/events/${EVENT_ID}/codes`;
  ({ unmount } = render(App, { session, hub: hub.url }));
  session.begin(SIGNED_IN);
});

afterEach(async () => {
  unmount();
  vi.unstubAllGlobals();
  await hub.close();
});

it('draws the code, once, also where the role is told after it was opened', async () => {
  (await screen.findByRole('button', { name: /^Look at the code/ })).click();
  const dialog = await screen.findByRole('dialog');
  expect(screen.queryByRole('img', { name: /^QR code of/ })).toBe(null);
  tell('manager');
  expect(await screen.findByRole('img', { name: /^QR code of/ })).toBeTruthy();
  // What else changes draws it no second time.
  hub.send(hub.ledger.grow(1));
  expect(await within(dialog).findByText('Claimed')).toBeTruthy();
  expect(pictures).toBe(1);
});
