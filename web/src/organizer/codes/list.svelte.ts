/** The list of vouchers, page by page, following what the ledger tells. */
import type { Api } from '../../lib/api/client.ts';
import { ask } from '../../lib/api/client.ts';
import type { Entry, VoucherRecord, VoucherState } from '../../lib/api/types.ts';
import type { LiveEvent } from '../live/live.svelte.ts';
import { explain } from '../text/index.ts';
import { merged, moved } from './vouchers.ts';

export interface Filter {
  /** Empty: all. */
  readonly offerId: string;
  readonly state: '' | VoucherState;
  readonly q: string;
}

const PAGE = 200;
/** Milliseconds between looks at what is new at the top, while the night is busy. */
const EVERY = 1_500;

export class VoucherList {
  items: readonly VoucherRecord[] = $state.raw([]);
  /** Whether there are more behind the last one. */
  hasMore = $state(false);
  state: 'loading' | 'ready' | { failed: string } = $state('loading');
  readonly #api: Api;
  readonly #eventId: string;
  readonly #stop: () => void;
  #filter: Filter = { offerId: '', state: '', q: '' };
  #cursor: string | null = null;
  #turn = 0;
  #isLoadingMore = false;
  #look: ReturnType<typeof setTimeout> | undefined;

  constructor(live: LiveEvent, api: Api, eventId: string) {
    this.#api = api;
    this.#eventId = eventId;
    this.#stop = live.onNews(({ entries, restarted }) => this.#follow(entries, restarted));
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#look);
    this.#stop();
  }

  /** Shows what matches, from the newest on. */
  async find(filter: Filter): Promise<void> {
    this.#filter = filter;
    const turn = ++this.#turn;
    this.state = 'loading';
    try {
      const page = await this.#page(null);
      if (turn !== this.#turn) return;
      this.items = page.items;
      this.#more(page.next_cursor);
      this.state = 'ready';
    } catch (error) {
      if (turn === this.#turn) this.state = { failed: explain(error) };
    }
  }

  async more(): Promise<void> {
    if (this.#isLoadingMore || this.#cursor === null || this.state !== 'ready') return;
    this.#isLoadingMore = true;
    const turn = this.#turn;
    try {
      const page = await this.#page(this.#cursor);
      if (turn !== this.#turn) return;
      this.items = [...this.items, ...page.items];
      this.#more(page.next_cursor);
    } catch {
      // Scrolling on asks again.
    } finally {
      this.#isLoadingMore = false;
    }
  }

  /** Puts one voucher as it is now into its place. */
  replace(voucher: VoucherRecord): void {
    this.items = this.items.map((known) => (known.id === voucher.id ? voucher : known));
  }

  #follow(entries: readonly Entry[], restarted: boolean): void {
    if (restarted) return void this.find(this.#filter);
    const told = entries.filter(
      ({ kind, voucher_id }) => voucher_id != null || kind === 'vouchers.issued',
    );
    if (told.length === 0) return;
    this.items = moved(this.items, told, this.#filter.state);
    this.#look ??= setTimeout(() => void this.#lookAtTop(), EVERY);
  }

  /** Takes up what is new, and the words that entries do not tell: codes and names. */
  async #lookAtTop(): Promise<void> {
    this.#look = undefined;
    const turn = this.#turn;
    if (this.state !== 'ready') return;
    try {
      const page = await this.#page(null);
      if (turn !== this.#turn) return;
      this.items = merged(this.items, page.items);
      if (this.items.length === page.items.length) this.#more(page.next_cursor);
    } catch {
      // The next entry asks again.
    }
  }

  #more(cursor: string | null): void {
    this.#cursor = cursor;
    this.hasMore = cursor !== null;
  }

  #page(cursor: string | null) {
    const { offerId, state, q } = this.#filter;
    const query = {
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
      ...(offerId === '' ? {} : { offer_id: offerId }),
      ...(state === '' ? {} : { state }),
      ...(q === '' ? {} : { q }),
    };
    const params = { path: { event_id: this.#eventId }, query };
    return ask(this.#api.GET('/api/v1/events/{event_id}/vouchers', { params }));
  }
}
