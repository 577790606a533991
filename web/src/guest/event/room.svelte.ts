/** One event as a guest's page shows it: its offers with live numbers, my vouchers, and the taps under way. */
import { untrack } from 'svelte';

import { ApiProblem } from '../../lib/api/problem.ts';
import type { PublicPage, WalletVoucher } from '../../lib/api/types.ts';
import { attempt, isPassing, pause, type AttemptState } from '../claim/attempt.ts';
import { holds } from '../claim/standing.ts';
import type { GuestContext } from '../context.ts';
import type { Entrance } from '../desk.ts';
import { counted, watched } from '../live/counts.ts';
import { LateLine } from '../live/late.ts';
import type { LineState } from '../live/line.ts';
import type { Wallet } from '../store/wallets.ts';

/** A tap, from the way in to the verdict. */
export type Tap = AttemptState | { readonly at: 'entering'; readonly isBusy: boolean };

/** The page is read anew within this many milliseconds after its offers changed, so that not all phones ask at once. */
const READ_WITHIN = 4_000;

export class EventRoom {
  page: PublicPage = $state.raw() as PublicPage;
  /** Whether the page is what this phone kept, not what the hub says now. */
  isKept: boolean = $state(false);
  wallet: Wallet | null = $state.raw(null);
  line: LineState = $state('idle');
  taps: Readonly<Record<string, Tap>> = $state.raw({});
  /** What was just got, to be shown at once. */
  fresh: WalletVoucher | null = $state.raw(null);
  readonly #context: GuestContext;
  readonly #line: LateLine;
  #reading: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(context: GuestContext, page: PublicPage, isKept: boolean) {
    this.#context = context;
    this.page = page;
    this.isKept = isKept;
    this.wallet = context.wallets.at(page.slug);
    this.#line = new LateLine({
      hub: context.hub,
      slug: page.slug,
      token: this.#token(),
      onPublic: (ack) => this.#know(watched(this.page, ack)),
      onCounts: (counts) => {
        const { page: next, isStale } = counted(this.page, counts);
        this.page = next;
        if (isStale) this.#readSoon();
      },
      onVoucher: (voucher) => {
        if (this.wallet !== null) context.wallets.put(this.wallet.guest_id, voucher);
      },
      onState: (state) => (this.line = state),
      onMissed: () => void this.#refresh(),
      onTokenEnded: () => {
        if (this.wallet !== null) context.wallets.end(this.wallet.guest_id);
      },
    });
  }

  /** My vouchers here, the newest first, those given back left out. */
  get vouchers(): readonly WalletVoucher[] {
    return this.wallet?.vouchers.filter(({ state }) => state !== 'released') ?? [];
  }

  /** My vouchers of an offer that count against its limit. */
  held(offerId: string): readonly WalletVoucher[] {
    return this.vouchers.filter((voucher) => voucher.offer_id === offerId && holds(voucher));
  }

  /** Lives from here on; returns what ends it. */
  begin(): () => void {
    const { wallets, keys } = this.#context;
    const off = wallets.onChange(() => {
      this.wallet = wallets.at(this.page.slug);
      this.#line.use(this.#token());
    });
    this.#know(this.page);
    this.#line.open();
    // Taps whose answer was lost, with an earlier page perhaps: they are asked for again, under their keys.
    if (this.wallet?.ended === null) {
      for (const offerId of keys.unanswered(this.wallet.guest_id))
        void this.#claim(this.wallet, offerId);
      void this.#refresh();
    }
    return () => {
      this.#isOver = true;
      clearTimeout(this.#reading);
      off();
      this.#line.close();
    };
  }

  /** Whether the event asks for something before the first tap. */
  get asks(): boolean {
    const isIn = this.wallet?.ended === null;
    return !isIn && (this.page.guest_access === 'access_code' || this.page.guest_name !== 'off');
  }

  /**
   * Calls dibs. `entrance`: what the event asks for, where it does.
   *
   * @throws ApiProblem when the event does not let the guest in.
   */
  async dibs(offerId: string, entrance: Entrance = {}): Promise<void> {
    const now = this.taps[offerId]?.at;
    if (now === 'asking' || now === 'waiting' || now === 'entering') return;
    const wallet = this.wallet?.ended === null ? this.wallet : await this.#enter(offerId, entrance);
    if (wallet !== null) await this.#claim(wallet, offerId);
  }

  /** Puts a verdict away that was read. */
  dismiss(offerId: string): void {
    const rest = { ...this.taps };
    delete rest[offerId];
    this.taps = rest;
  }

  nudge(): void {
    this.#line.nudge();
  }

  async #enter(offerId: string, entrance: Entrance): Promise<Wallet | null> {
    for (let tries = 0; !this.#isOver; tries++) {
      this.#tap(offerId, { at: 'entering', isBusy: tries > 0 });
      try {
        return await this.#context.desk.enter(this.page, entrance);
      } catch (error) {
        if (!isPassing(error)) {
          this.dismiss(offerId);
          throw error;
        }
        await new Promise((go) => setTimeout(go, pause(error, tries, Math.random)));
      }
    }
    return null;
  }

  async #claim(wallet: Wallet, offerId: string): Promise<void> {
    const { keys, desk, wallets } = this.#context;
    const key = keys.take(wallet.guest_id, offerId);
    const outcome = await attempt({
      send: () => desk.claim(wallet, offerId, key),
      onState: (state) => this.#tap(offerId, state),
    });
    keys.done(wallet.guest_id, offerId);
    if (outcome.at === 'claimed' && outcome.verdict.voucher !== null) {
      const { voucher, replayed } = outcome.verdict;
      // Older than whatever a message told of it meanwhile.
      const mine = { ...voucher, event_id: this.page.id, updated_at: new Date(0).toISOString() };
      wallets.put(wallet.guest_id, mine);
      if (!replayed || voucher.state === 'claimed') this.fresh = mine;
    } else if (outcome.at === 'refused' && outcome.reason === 'guest_limit_reached') {
      // They were called on another device: show them.
      void this.#refresh();
    } else if (outcome.at === 'failed' && isGone(outcome.error)) this.#readSoon(0);
  }

  async #refresh(): Promise<void> {
    const wallet = untrack(() => this.wallet);
    if (wallet === null || wallet.ended !== null) return;
    // What fails is asked for again when the line is back.
    await this.#context.desk.refresh(wallet).catch(() => undefined);
  }

  /** Reads the page anew, at a moment of this phone's own. */
  #readSoon(within = READ_WITHIN): void {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(async () => {
      const page = await this.#context.desk.page(this.page.slug).catch(() => null);
      if (page !== null && !this.#isOver) this.#know(page);
    }, Math.random() * within);
  }

  #know(page: PublicPage): void {
    this.page = page;
    if (this.line !== 'idle') this.isKept = false;
    this.#context.pages.write(page, Date.now());
    this.#context.wallets.know(page);
  }

  #tap(offerId: string, tap: Tap): void {
    if (!this.#isOver) this.taps = { ...this.taps, [offerId]: tap };
  }

  #token(): string | null {
    return this.wallet?.ended === null ? this.wallet.token : null;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}
