/** Where a door keeps what must survive: values by key, in the keys' order. The browser's is indexeddb.ts. */
export interface Shelf {
  get(key: string): Promise<unknown>;
  /** Kept for good once it resolves, whatever happens to the page then. All of them or none. */
  put(values: Readonly<Record<string, unknown>>): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Everything whose key begins with the prefix. */
  entries(prefix: string): Promise<[string, unknown][]>;
}

/** A shelf in memory: it outlives a door that is made anew on it, as a browser's does a reload. */
export class MemoryShelf implements Shelf {
  readonly #values = new Map<string, unknown>();

  async get(key: string): Promise<unknown> {
    return this.#values.get(key);
  }

  async put(values: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) this.#values.set(key, value);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#values.delete(key);
  }

  async entries(prefix: string): Promise<[string, unknown][]> {
    return [...this.#values]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }
}
