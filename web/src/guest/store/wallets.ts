/** The wallets on this phone: who I am at each event (a guest's token) and the vouchers that I hold there. */
import type { GuestSession, PublicPage, WalletVoucher } from '../../lib/api/types.ts';
import type { Box } from './box.ts';

/** What a wallet knows of its event, to show vouchers without a network. */
export type WalletEvent = Pick<
  PublicPage,
  'slug' | 'name' | 'venue' | 'timezone' | 'starts_at' | 'ends_at' | 'status' | 'url'
>;

/** Why a wallet cannot be asked for any more: its time is over, or the hub does not know it. */
export type WalletEnd = 'expired' | 'gone';

export interface Wallet {
  readonly guest_id: string;
  readonly event_id: string;
  readonly slug: string;
  readonly token: string;
  readonly expires_at: string;
  /** Milliseconds since 1970. */
  readonly begun_at: number;
  /** When the hub last told of all vouchers; milliseconds since 1970, null: never. */
  readonly told_at: number | null;
  readonly ended: WalletEnd | null;
  /** Null until the event's page was read once. */
  readonly event: WalletEvent | null;
  /** The newest first. */
  readonly vouchers: readonly WalletVoucher[];
}

const KEY = 'wallet.';

export class Wallets {
  readonly #box: Box;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();

  constructor(box: Box, now: () => number = Date.now) {
    this.#box = box;
    this.#now = now;
  }

  /** Calls the listener after each change, here or in another tab; returns what takes it off again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    const off = this.#box.onChangeElsewhere(listener);
    return () => {
      off();
      this.#listeners.delete(listener);
    };
  }

  /** All wallets, the newest first. */
  all(): Wallet[] {
    return this.#box
      .keys(KEY)
      .map((key) => this.#box.read<Wallet>(key))
      .filter((wallet) => wallet !== null)
      .map((wallet) => this.#aged(wallet))
      .sort((one, other) => other.begun_at - one.begun_at);
  }

  get(guestId: string): Wallet | null {
    const wallet = this.#box.read<Wallet>(KEY + guestId);
    return wallet === null ? null : this.#aged(wallet);
  }

  /** Who I am at an event: the wallet begun last, one that still holds first. */
  at(slug: string): Wallet | null {
    const here = this.all().filter((wallet) => wallet.slug === slug);
    return here.find((wallet) => wallet.ended === null) ?? here[0] ?? null;
  }

  /** My voucher with this code, and whose wallet it is in. */
  withCode(code: string): { wallet: Wallet; voucher: WalletVoucher } | null {
    for (const wallet of this.all()) {
      const voucher = wallet.vouchers.find((mine) => mine.code === code);
      if (voucher !== undefined) return { wallet, voucher };
    }
    return null;
  }

  /** Begins with what signing in, or opening a link, was answered. A wallet that is here already keeps its vouchers. */
  begin(session: GuestSession, event: WalletEvent | null = null): Wallet {
    const before = this.get(session.guest.id);
    const wallet: Wallet = {
      guest_id: session.guest.id,
      event_id: session.guest.event_id,
      slug: session.event_slug,
      token: session.access_token,
      expires_at: session.expires_at,
      begun_at: this.#now(),
      told_at: before?.told_at ?? null,
      ended: null,
      event: event === null ? (before?.event ?? null) : facts(event),
      vouchers: before?.vouchers ?? [],
    };
    this.#keep(wallet);
    return wallet;
  }

  /** Takes in the event's page as it is now. */
  know(page: WalletEvent & { readonly id: string }): void {
    for (const wallet of this.all())
      if (wallet.event_id === page.id)
        this.#change(wallet.guest_id, { event: facts(page), expires_at: moved(wallet, page) });
  }

  /** Takes in a voucher as it is now, unless a newer state of it is known. */
  put(guestId: string, voucher: WalletVoucher): void {
    const wallet = this.get(guestId);
    if (wallet !== null) this.#change(guestId, { vouchers: merged(wallet.vouchers, [voucher]) });
  }

  /**
   * Takes in all of the wallet's vouchers. `knownBefore`: the ids known when they were asked for; what came since, by
   * a claim or a message, is not dropped because the answer is older.
   */
  putAll(
    guestId: string,
    vouchers: readonly WalletVoucher[],
    knownBefore: ReadonlySet<string>,
  ): void {
    const wallet = this.get(guestId);
    if (wallet === null) return;
    const told = new Set(vouchers.map(({ id }) => id));
    const kept = wallet.vouchers.filter(({ id }) => told.has(id) || !knownBefore.has(id));
    this.#change(guestId, { vouchers: merged(kept, vouchers), told_at: this.#now(), ended: null });
  }

  /** The hub does not take this wallet's token any more. */
  end(guestId: string): void {
    const wallet = this.get(guestId);
    if (wallet !== null && wallet.ended === null) this.#change(guestId, { ended: 'gone' });
  }

  /** Forgets a wallet. */
  forget(guestId: string): void {
    this.#box.remove(KEY + guestId);
    this.#tell();
  }

  #aged(wallet: Wallet): Wallet {
    return Date.parse(wallet.expires_at) <= this.#now() ? { ...wallet, ended: 'expired' } : wallet;
  }

  #change(guestId: string, changes: Partial<Wallet>): void {
    const wallet = this.#box.read<Wallet>(KEY + guestId);
    if (wallet !== null) this.#keep({ ...wallet, ...changes });
  }

  #keep(wallet: Wallet): void {
    this.#box.write(KEY + wallet.guest_id, wallet);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The vouchers with those that are newer, the newest voucher first (ids are time-ordered). */
function merged(
  known: readonly WalletVoucher[],
  told: readonly WalletVoucher[],
): readonly WalletVoucher[] {
  const all = new Map(known.map((voucher) => [voucher.id, voucher]));
  for (const voucher of told) {
    const before = all.get(voucher.id);
    if (before === undefined || Date.parse(voucher.updated_at) >= Date.parse(before.updated_at))
      all.set(voucher.id, voucher);
  }
  return [...all.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
}

/** When the wallet's time is over: so much later or earlier than it was told as the event's end was moved. */
function moved({ expires_at, event }: Wallet, page: WalletEvent): string {
  if (event === null || event.ends_at === page.ends_at) return expires_at;
  const by = Date.parse(page.ends_at) - Date.parse(event.ends_at);
  return new Date(Date.parse(expires_at) + by).toISOString();
}

function facts(page: WalletEvent): WalletEvent {
  const { slug, name, venue, timezone, starts_at, ends_at, status, url } = page;
  return { slug, name, venue, timezone, starts_at, ends_at, status, url };
}
