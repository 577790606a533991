/** Parts that a first load leaves out: they are fetched when the page has shown itself, and at the latest when needed. */
export class Later<Module> {
  readonly #load: () => Promise<Module>;
  #loading: Promise<Module> | null = null;

  constructor(load: () => Promise<Module>) {
    this.#load = load;
  }

  /** The part; a try that failed (no network) is tried again at the next call. */
  get(): Promise<Module> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  /** Fetches it while the browser has nothing else to do. */
  soon(onloaded: (loaded: Module) => void = () => undefined): void {
    const fetch = (): void => void this.get().then(onloaded, () => undefined);
    if ('requestIdleCallback' in window) requestIdleCallback(fetch, { timeout: 3_000 });
    else setTimeout(fetch, 500);
  }
}

/** The large voucher, which brings what draws its QR code. */
export const voucherSheet = new Later(async () => {
  const [sheet] = await Promise.all([import('./VoucherSheet.svelte'), import('../qr/draw.ts')]);
  return sheet;
});
