/** What a door has no answer of the hub's for yet: the outbox in memory, in its order. */
import type { Pending, PendingScan } from '../check/outbox.ts';
import type { JudgedScan } from './uploads.ts';

export class PendingScans {
  readonly #items = new Map<string, PendingScan>();
  readonly #undos = new Set<string>();
  /** Asked a moment ago: their answers are about to come. */
  readonly #asking = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #isTelling = false;

  constructor(items: readonly Pending[]) {
    for (const item of items)
      if (item.kind === 'scan') this.#items.set(item.key, item);
      else this.#undos.add(item.key);
  }

  get all(): PendingScan[] {
    return [...this.#items.values()];
  }

  /** Those that the door judged alone and that the hub may still take, in order. */
  get judged(): JudgedScan[] {
    return this.all.filter(
      (item): item is JudgedScan =>
        item.local !== undefined && item.told === true && item.aside === undefined,
    );
  }

  /** Those whose judgement was kept by a page that died before it had noted that it was shown. */
  get untold(): PendingScan[] {
    return this.all.filter(
      ({ local, told, aside }) => local !== undefined && told !== true && aside === undefined,
    );
  }

  /** Those that nobody has judged yet, in order. */
  get unjudged(): PendingScan[] {
    return this.all.filter(({ local, aside }) => local === undefined && aside === undefined);
  }

  /** Those that the hub cannot take. */
  get aside(): PendingScan[] {
    return this.all.filter((item) => item.aside !== undefined);
  }

  /** How many wait for the hub, whatever was asked a moment ago left out. */
  get waiting(): number {
    const scans = this.all.filter(
      ({ key, aside }) => aside === undefined && !this.#asking.has(key),
    );
    return scans.length + [...this.#undos].filter((key) => !this.#asking.has(key)).length;
  }

  /** Units of a voucher that were let in here and are not brought in yet, and when the last of them. */
  of(ordinal: number): { readonly units: number; readonly at: string | null } {
    let [units, at]: [number, string | null] = [0, null];
    for (const item of this.#items.values())
      if (item.ordinal === ordinal && letIn(item) > 0) {
        units += letIn(item);
        at = item.scan.scannedAt;
      }
    return { units, at };
  }

  /** Whether the hub has still to hear of something of this voucher, or is being asked. */
  isUnderWay(ordinal: number): boolean {
    return this.all.some((item) => item.ordinal === ordinal && item.aside === undefined);
  }

  /**
   * Whether something of the same voucher was let in here that the hub has still to hear of first. A voucher that was found by
   * name has no place in the book: it may be any of them.
   */
  isAfterOthers({ key, ordinal, scan }: PendingScan): boolean {
    if (ordinal === undefined && scan.voucherId === null) return false;
    return this.all.some(
      (other) =>
        other.key !== key &&
        (ordinal === undefined || other.ordinal === ordinal) &&
        letIn(other) > 0 &&
        other.aside === undefined,
    );
  }

  get(key: string): PendingScan | undefined {
    return this.#items.get(key);
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  /** It is asked now. */
  begin(item: Pending): void {
    this.#asking.add(item.key);
    if (item.kind === 'scan') this.set(item);
    else {
      this.#undos.add(item.key);
      this.#tell();
    }
  }

  /** No answer came in time. */
  overdue(key: string): void {
    if (this.#asking.delete(key)) this.#tell();
  }

  /** What became of it: what the door judged alone waits for the hub. */
  set(item: PendingScan): void {
    if (item.local !== undefined) this.#asking.delete(item.key);
    this.#items.set(item.key, item);
    this.#tell();
  }

  delete(key: string): void {
    this.#items.delete(key);
    this.#undos.delete(key);
    this.#asking.delete(key);
    this.#tell();
  }

  /** Calls the listener after changes, once for all of a moment; returns what takes it off again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

/** Units that the door let in by itself. */
export const letIn = ({ local, scan }: Pick<PendingScan, 'local' | 'scan'>): number =>
  local?.verdict === 'accepted' ? scan.units : 0;
