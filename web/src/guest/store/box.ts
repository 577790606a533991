/** What this browser keeps for guests: JSON by key, shared by all tabs of this origin and by nobody else. */

const PREFIX = 'dibs.guest.';

/**
 * A part of the browser's storage. Where there is none (private windows, a full disk), it lasts as long as the page.
 *
 * Synchronous on purpose: what a page keeps is on the screen in its first frame, with or without a network.
 */
export class Box {
  readonly #storage: Storage | null;
  readonly #memory = new Map<string, string>();

  constructor(storage: Storage | null = browserStorage()) {
    this.#storage = storage;
  }

  /** What lies under the key; null: nothing, or nothing that can be read. */
  read<Value>(key: string): Value | null {
    try {
      const raw = this.#memory.get(key) ?? this.#storage?.getItem(PREFIX + key) ?? 'null';
      return JSON.parse(raw) as Value | null;
    } catch {
      return null;
    }
  }

  write(key: string, value: unknown): void {
    const raw = JSON.stringify(value);
    try {
      this.#storage?.setItem(PREFIX + key, raw);
      if (this.#storage !== null) return void this.#memory.delete(key);
    } catch {
      // Full or forbidden: kept for this page.
    }
    this.#memory.set(key, raw);
  }

  remove(key: string): void {
    this.#memory.delete(key);
    try {
      this.#storage?.removeItem(PREFIX + key);
    } catch {
      // It could not be kept there, either.
    }
  }

  /** All keys that begin like this. */
  keys(beginning: string): string[] {
    const found = new Set([...this.#memory.keys()].filter((key) => key.startsWith(beginning)));
    for (let index = 0; index < (this.#storage?.length ?? 0); index++) {
      const key = this.#storage?.key(index) ?? '';
      if (key.startsWith(PREFIX + beginning)) found.add(key.slice(PREFIX.length));
    }
    return [...found].sort();
  }

  /** Calls the listener when another tab changed something; returns what takes it off again. */
  onChangeElsewhere(listener: () => void, target: Window = window): () => void {
    const listen = (event: StorageEvent): void => {
      if (event.key === null || event.key.startsWith(PREFIX)) listener();
    };
    target.addEventListener('storage', listen);
    return () => target.removeEventListener('storage', listen);
  }
}

function browserStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
