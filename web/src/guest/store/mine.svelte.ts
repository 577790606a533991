/** The wallets as a page shows them: they follow every change, here and in other tabs. */
import type { Wallet, Wallets } from './wallets.ts';

export class Mine {
  wallets: readonly Wallet[] = $state.raw([]);

  constructor(wallets: Wallets) {
    this.wallets = wallets.all();
    $effect(() =>
      wallets.onChange(() => {
        this.wallets = wallets.all();
      }),
    );
  }
}
