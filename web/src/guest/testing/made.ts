/** Shapes of the wire for tests, with what a test does not care about filled in. */
import type { GuestSession, PublicOffer, PublicPage, WalletVoucher } from '../../lib/api/types.ts';

export const AT = '2026-07-04T20:00:00Z';

/** Storage like the browser's, without one. */
export class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();
  [name: string]: unknown;

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }

  clear(): void {
    this.#items.clear();
  }
}

export function offerWith(changes: Partial<PublicOffer> = {}): PublicOffer {
  return {
    id: 'o1',
    title: 'Free drink',
    description: 'One of your choice.',
    status: 'active',
    claim_from: null,
    claim_until: null,
    redeem_from: null,
    redeem_until: null,
    per_guest_limit: 1,
    max_uses: 1,
    quantity: 10,
    claimed: 3,
    redeemed: 1,
    remaining: 7,
    ...changes,
  };
}

export function pageWith(changes: Partial<PublicPage> = {}): PublicPage {
  return {
    id: 'e1',
    slug: 'harbour',
    name: 'Harbour Night',
    description: 'By the water.',
    venue: 'Pier 3',
    timezone: 'Europe/Vilnius',
    starts_at: AT,
    ends_at: '2026-07-05T02:00:00Z',
    status: 'open',
    guest_access: 'open',
    guest_name: 'off',
    url: 'https://party.test/e/harbour',
    offers: [offerWith()],
    ...changes,
  };
}

export function voucherWith(changes: Partial<WalletVoucher> = {}): WalletVoucher {
  return {
    id: 'v1',
    event_id: 'e1',
    code: '7KQ4MX2P9T',
    state: 'claimed',
    offer_id: 'o1',
    offer_title: 'Free drink',
    uses: 0,
    max_uses: 1,
    remaining: 1,
    guest_name: null,
    updated_at: AT,
    ...changes,
  };
}

export function sessionWith(guestId = 'g1', changes: Partial<GuestSession> = {}): GuestSession {
  return {
    guest: { id: guestId, event_id: 'e1', name: null, email: null, created_at: AT },
    event_slug: 'harbour',
    access_token: `token of ${guestId}`,
    token_type: 'Bearer',
    expires_at: '2099-01-01T00:00:00Z',
    ...changes,
  };
}
