/** What guests ask the hub over REST. */
import { light, type LightOptions } from '../lib/api/light.ts';
import { ApiProblem } from '../lib/api/problem.ts';
import type {
  ClaimVerdict,
  GuestLink,
  PublicPage,
  PublicVoucher,
  WalletVoucher,
} from '../lib/api/types.ts';
import type { HubTime } from './store/time.ts';
import type { Wallet, Wallets } from './store/wallets.ts';

/** What an event may ask of somebody who comes in. */
export interface Entrance {
  readonly name?: string;
  readonly access_code?: string;
}

/** As many as the hub gives at once. */
const PAGE = '200';

export class GuestDesk {
  readonly #base: string;
  readonly #wallets: Wallets;
  readonly #time: HubTime;

  /** `base`: the hub's origin; empty: the page's own. `time` is set by the hub's answers. */
  constructor(wallets: Wallets, time: HubTime, base = '') {
    this.#wallets = wallets;
    this.#time = time;
    this.#base = base;
  }

  page(slug: string): Promise<PublicPage> {
    return light('get', '/api/v1/public/events/{slug}', { slug }, undefined, this.#options());
  }

  voucher(code: string): Promise<PublicVoucher> {
    return light('get', '/api/v1/public/vouchers/{code}', { code }, undefined, this.#options());
  }

  /** Becomes a guest of the event; the wallet is kept here. */
  async enter(page: PublicPage, entrance: Entrance): Promise<Wallet> {
    const path = '/api/v1/public/events/{slug}/guests';
    const session = await light('post', path, { slug: page.slug }, entrance, this.#options());
    return this.#wallets.begin(session, page);
  }

  /** Trades the token of a link for a wallet on this device. */
  async open(token: string): Promise<Wallet> {
    const path = '/api/v1/guest/links/open';
    return this.#wallets.begin(await light('post', path, undefined, { token }, this.#options()));
  }

  claim(wallet: Wallet, offerId: string, key: string): Promise<ClaimVerdict> {
    const path = '/api/v1/offers/{offer_id}/claims';
    const body = { idempotency_key: key };
    return this.#as(wallet, (options) => light('post', path, { offer_id: offerId }, body, options));
  }

  /** Gives a voucher back, and keeps it as it is then. */
  async giveBack(wallet: Wallet, voucher: WalletVoucher): Promise<void> {
    const path = '/api/v1/guest/vouchers/{voucher_id}/release';
    const given = await this.#as(wallet, (options) =>
      light('post', path, { voucher_id: voucher.id }, undefined, options),
    );
    this.#wallets.put(wallet.guest_id, { ...voucher, ...given });
  }

  link(wallet: Wallet): Promise<GuestLink> {
    return this.#as(wallet, (options) =>
      light('post', '/api/v1/guest/links', undefined, undefined, options),
    );
  }

  /** Asks for all vouchers of the wallet and keeps them. */
  async refresh(wallet: Wallet): Promise<void> {
    const before = new Set(this.#wallets.get(wallet.guest_id)?.vouchers.map(({ id }) => id));
    const found: WalletVoucher[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string> = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
      const page: { items: WalletVoucher[]; next_cursor: string | null } = await this.#as(
        wallet,
        (options) =>
          light('get', '/api/v1/guest/vouchers', undefined, undefined, { ...options, query }),
      );
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    this.#wallets.putAll(wallet.guest_id, found, before);
  }

  #options(token: string | null = null): LightOptions {
    return {
      base: this.#base,
      token,
      onAnswer: (response) => this.#time.learn(response.headers.get('Date')),
    };
  }

  async #as<Answer>(
    wallet: Wallet,
    call: (options: LightOptions) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await call(this.#options(wallet.token));
    } catch (error) {
      // A guest's token is not refreshed: once it is refused, it is over.
      if (error instanceof ApiProblem && error.status === 401) this.#wallets.end(wallet.guest_id);
      throw error;
    }
  }
}
