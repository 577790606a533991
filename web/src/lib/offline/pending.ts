/** What a door has no answer of the hub's for yet. */
import type { Pending, PendingScan } from '../check/outbox.ts';
import type { JudgedScan } from './uploads.ts';

/** The scans that have no answer of the hub's yet: the outbox in memory, in its order. */
export class PendingScans {
  readonly #items = new Map<string, PendingScan>();
  readonly #listeners = new Set<() => void>();

  constructor(items: readonly Pending[]) {
    for (const item of items) if (item.kind === 'scan') this.#items.set(item.key, item);
  }

  get all(): PendingScan[] {
    return [...this.#items.values()];
  }

  /** Those that the door judged alone and that the hub may still take, in order. */
  get judged(): JudgedScan[] {
    return this.all.filter(
      (item): item is JudgedScan => item.local !== undefined && item.aside === undefined,
    );
  }

  /** Units of a voucher that were let in here and are not brought in yet, and when the last of them. */
  of(ordinal: number): { readonly units: number; readonly at: string | null } {
    let [units, at]: [number, string | null] = [0, null];
    for (const item of this.#items.values())
      if (item.ordinal === ordinal && item.local?.verdict === 'accepted') {
        units += item.scan.units;
        at = item.scan.scannedAt;
      }
    return { units, at };
  }

  set(item: PendingScan): void {
    this.#items.set(item.key, item);
    this.#tell();
  }

  delete(key: string): void {
    this.#items.delete(key);
    this.#tell();
  }

  /** Calls the listener after each change; returns what takes it off again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
