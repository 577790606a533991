/** The browser's shelf. */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { Shelf } from './shelf.ts';

interface Schema extends DBSchema {
  values: { key: string; value: unknown };
}

const STORE = 'values';
const STRICT = { durability: 'strict' } as const;

/** Where the book of an event lies. */
export const bookOf = (eventId: string): string => `dibs.door.book.${eventId}`;

export class DatabaseShelf implements Shelf {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** @throws where the browser keeps nothing (some private windows). */
  static async open(name: string): Promise<DatabaseShelf> {
    const db = await openDB<Schema>(name, 1, {
      upgrade: (fresh) => void fresh.createObjectStore(STORE),
      blocking: () => db.close(), // a newer page must not wait for this one
    });
    return new DatabaseShelf(db);
  }

  /** Removes everything that lies under a name. */
  static async remove(name: string): Promise<void> {
    await deleteDB(name);
  }

  async get(key: string): Promise<unknown> {
    return this.#db.get(STORE, key);
  }

  async put(values: Readonly<Record<string, unknown>>): Promise<void> {
    const tx = this.#db.transaction(STORE, 'readwrite', STRICT);
    const puts = Object.entries(values).map(([key, value]) => tx.store.put(value, key));
    await Promise.all([...puts, tx.done]);
  }

  async delete(keys: readonly string[]): Promise<void> {
    const tx = this.#db.transaction(STORE, 'readwrite', STRICT);
    await Promise.all([...keys.map((key) => tx.store.delete(key)), tx.done]);
  }

  async entries(prefix: string): Promise<[string, unknown][]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const tx = this.#db.transaction(STORE);
    const [keys, values] = await Promise.all([tx.store.getAllKeys(range), tx.store.getAll(range)]);
    return keys.map((key, place) => [key, values[place]]);
  }

  close(): void {
    this.#db.close();
  }
}
