/** What lies on the shelf, under a key of this device that no script can read out. */
import { MemoryShelf, type Shelf } from './shelf.ts';

const KEY = 'device-key';
const IV = 12;

export class Vault {
  readonly #shelf: Shelf;
  readonly #key: CryptoKey | null;

  private constructor(shelf: Shelf, key: CryptoKey | null) {
    this.#shelf = shelf;
    this.#key = key;
  }

  /** Opens the shelf with this device's key, which is made the first time. */
  static async open(shelf: Shelf): Promise<Vault> {
    // An address without https has no Web Crypto: what cannot be sealed is not kept.
    if ((globalThis.crypto.subtle as SubtleCrypto | undefined) === undefined)
      return new Vault(new MemoryShelf(), null);
    let key = (await shelf.get(KEY)) as CryptoKey | undefined;
    if (key === undefined) {
      const made = { name: 'AES-GCM', length: 256 };
      key = await crypto.subtle.generateKey(made, false, ['encrypt', 'decrypt']);
      await shelf.put({ [KEY]: key });
    }
    return new Vault(shelf, key);
  }

  /** Whether there is a key. Without one nothing outlives the page, and no book can be read. */
  get isSealed(): boolean {
    return this.#key !== null;
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const value = await this.#shelf.get(key);
    return value === undefined ? null : this.#open(key, value as Uint8Array<ArrayBuffer>);
  }

  async getJson<Value>(key: string): Promise<Value | null> {
    const value = await this.get(key);
    return value === null ? null : parse<Value>(value);
  }

  /** Kept for good once it resolves; all of them or none. */
  async put(values: Readonly<Record<string, Uint8Array<ArrayBuffer> | object>>): Promise<void> {
    const sealed: Record<string, Uint8Array> = {};
    for (const [key, value] of Object.entries(values))
      sealed[key] = await this.#seal(key, value instanceof Uint8Array ? value : encode(value));
    await this.#shelf.put(sealed);
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#shelf.delete(keys);
  }

  /** Everything whose key begins with the prefix, in the keys' order; what cannot be opened any more is left out. */
  async entries(prefix: string): Promise<[string, Uint8Array<ArrayBuffer>][]> {
    const found = await this.#shelf.entries(prefix);
    const opened = await Promise.all(
      found.map(async ([key, value]) => {
        const plain = await this.#open(key, value as Uint8Array<ArrayBuffer>);
        return plain === null ? null : ([key, plain] as [string, Uint8Array<ArrayBuffer>]);
      }),
    );
    return opened.filter((entry) => entry !== null);
  }

  async #seal(key: string, plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    if (this.#key === null) return plain;
    const iv = crypto.getRandomValues(new Uint8Array(IV));
    const how = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(key) };
    const sealed = await crypto.subtle.encrypt(how, this.#key, plain);
    const whole = new Uint8Array(IV + sealed.byteLength);
    whole.set(iv);
    whole.set(new Uint8Array(sealed), IV);
    return whole;
  }

  async #open(
    key: string,
    whole: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#key === null) return whole;
    const iv = whole.subarray(0, IV);
    const how = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(key) };
    try {
      return new Uint8Array(await crypto.subtle.decrypt(how, this.#key, whole.subarray(IV)));
    } catch {
      return null;
    }
  }
}

export function parse<Value>(bytes: Uint8Array): Value {
  return JSON.parse(new TextDecoder().decode(bytes)) as Value;
}

function encode(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
