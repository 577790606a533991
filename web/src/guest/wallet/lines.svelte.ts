/** The lines of the wallets on this phone: one for each event at which something may still happen. */
import type { GuestContext } from '../context.ts';
import { LateLine } from '../live/late.ts';
import type { LineState } from '../live/line.ts';
import { isUsable } from '../claim/standing.ts';
import type { Wallet } from '../store/wallets.ts';

/** Nobody is at more parties at once. */
const MOST = 3;

export class Lines {
  /** The worst of all lines; `idle`: there is none. */
  state: LineState = $state('idle');
  readonly #context: GuestContext;
  readonly #lines = new Map<string, { readonly line: LateLine; state: LineState }>();

  constructor(context: GuestContext) {
    this.#context = context;
  }

  /** Asks for what may have changed, and listens from now on. */
  follow(): void {
    const { wallets, desk } = this.#context;
    const living = wallets.all().filter(({ ended }) => ended === null);
    for (const wallet of living) {
      void desk.refresh(wallet).catch(() => undefined);
      if (wallet.event === null || wallet.vouchers.some(isUsable))
        void desk.page(wallet.slug).then(
          (page) => wallets.know(page),
          () => undefined,
        );
    }
    for (const wallet of living.filter(mayChange).slice(0, MOST)) this.#add(wallet);
  }

  nudge(): void {
    for (const { line } of this.#lines.values()) line.nudge();
  }

  close(): void {
    for (const { line } of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  #add({ guest_id, token }: Wallet): void {
    if (this.#lines.has(guest_id)) return;
    const { wallets, desk, hub } = this.#context;
    const line = new LateLine({
      hub,
      slug: null,
      token,
      onVoucher: (voucher) => wallets.put(guest_id, voucher),
      onState: (state) => this.#told(guest_id, state),
      onMissed: () => {
        const wallet = wallets.get(guest_id);
        if (wallet !== null) void desk.refresh(wallet).catch(() => undefined);
      },
      onTokenEnded: () => wallets.end(guest_id),
    });
    this.#lines.set(guest_id, { line, state: 'idle' });
    line.open();
  }

  #told(guestId: string, state: LineState): void {
    const known = this.#lines.get(guestId);
    if (known !== undefined) known.state = state;
    const states = [...this.#lines.values()].map((line) => line.state);
    this.state =
      (['lost', 'connecting', 'live'] as const).find((worst) => states.includes(worst)) ?? 'idle';
  }
}

/** Whether a door may still scan something of it, or take back that it did. */
function mayChange(wallet: Wallet): boolean {
  return wallet.event?.status !== 'closed';
}
