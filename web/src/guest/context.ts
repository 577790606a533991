import { createContext } from 'svelte';

import { ClaimKeys } from './claim/keys.ts';
import { GuestDesk } from './desk.ts';
import { Box } from './store/box.ts';
import { Pages } from './store/pages.ts';
import { HubTime } from './store/time.ts';
import { Wallets } from './store/wallets.ts';

/** What every part of the guest pages shares. */
export interface GuestContext {
  /** The hub's origin; empty: the page's own. */
  readonly hub: string;
  readonly wallets: Wallets;
  readonly pages: Pages;
  readonly keys: ClaimKeys;
  readonly desk: GuestDesk;
  readonly time: HubTime;
}

export const [guestContext, setGuestContext] = createContext<GuestContext>();

export function makeContext(hub = '', box = new Box()): GuestContext {
  const time = new HubTime();
  const wallets = new Wallets(box, () => time.now());
  return {
    time,
    hub,
    wallets,
    pages: new Pages(box),
    keys: new ClaimKeys(box),
    desk: new GuestDesk(wallets, time, hub),
  };
}
