/** The door's book in memory: sealed vouchers by ordinal, found by index, and how each stands, which lies outside the seal. */
import { RECORD, type Content, open, stretch, unhex } from './seal.ts';

const STATE = 3;
const CLAIMED = 1;
/** The flag of a voucher that is over for good. */
export const DEAD = 2;

/** `[ordinal, uses, flags]` */
export type Burn = readonly number[];

export interface Header {
  readonly format: number;
  readonly epoch: string;
  /** The entry that the states of a chunk are current to. */
  readonly seq: number;
  readonly sealed_seq: number;
  readonly next: number;
  readonly last: number;
  readonly vouchers: number;
  readonly count: number;
  readonly salt: string;
  readonly iterations: number;
}

export interface Found extends Content {
  readonly ordinal: number;
  readonly uses: number;
  readonly claimed: boolean;
  readonly dead: boolean;
}

/** Bytes of another format than this app knows: a newer hub's. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat';
}

/** Reads a chunk's header and where its records begin. Throws UnknownFormat. */
export function headerOf(chunk: Uint8Array): { header: Header; start: number } {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const start = 4 + view.getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(chunk.subarray(4, start))) as Header;
  const isWhole = chunk.length === start + header.count * (RECORD + STATE);
  if (header.format !== 1 || !isWhole) throw new UnknownFormat('this is no chunk of format 1');
  return { header, start };
}

export class Book {
  #header: Header | null = null;
  #count = 0;
  #records = new Uint8Array(0);
  #uses = new Uint16Array(0);
  #flags = new Uint8Array(0);
  /** Per voucher the entry that its state is current to. */
  #seqs = new Float64Array(0);
  /** Ordinal + 1 by hash of the index; 0: free. */
  #slots = new Int32Array(1024);

  /** The last chunk's header; null: nothing was downloaded yet. */
  get header(): Header | null {
    return this.#header;
  }

  get size(): number {
    return this.#count;
  }

  /** Takes a chunk in. A chunk of another history (`epoch`) or salt begins the book anew. */
  take(chunk: Uint8Array): void {
    const { header, start } = headerOf(chunk);
    const before = this.#header;
    if (before !== null && (before.epoch !== header.epoch || before.salt !== header.salt))
      if (before.salt !== '') this.clear();
    this.#header = header;
    const states = start + header.count * RECORD;
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let place = 0; place < header.count; place++) {
      const at = start + place * RECORD;
      const ordinal = view.getUint32(at + 8);
      this.#reserve(ordinal + 1);
      const isNew = !this.#has(ordinal);
      this.#records.set(chunk.subarray(at, at + RECORD), ordinal * RECORD);
      if (isNew) this.#enter(ordinal);
      const state = states + place * STATE;
      this.#set(ordinal, view.getUint16(state), view.getUint8(state + 2), header.seq);
    }
  }

  /** Takes in how vouchers stand at entry `seq`; what is known to be newer stays. `whole`: all others are as issued. */
  burn(seq: number, burns: readonly Burn[], whole = false): void {
    for (const [ordinal, uses, flags] of burns)
      if (ordinal !== undefined && uses !== undefined && flags !== undefined) {
        this.#reserve(ordinal + 1);
        this.#set(ordinal, uses, flags, seq);
      }
    if (!whole) return;
    const told = new Set(burns.map(([ordinal]) => ordinal));
    for (let ordinal = 0; ordinal < this.#seqs.length; ordinal++)
      if (!told.has(ordinal)) this.#set(ordinal, 0, 0, seq);
  }

  /** How a voucher stands, as a burn. */
  stateOf(ordinal: number): Burn {
    return [ordinal, this.#uses[ordinal] ?? 0, this.#flags[ordinal] ?? 0];
  }

  /** The entry that a voucher's state is current to. */
  knownAt(ordinal: number): number {
    return this.#seqs[ordinal] ?? 0;
  }

  /** Finds and opens the voucher of a code; null: the book does not have it. */
  async find(code: string): Promise<Found | null> {
    if (this.#header === null || this.#count === 0) return null;
    const { salt, iterations } = this.#header;
    const { index, key } = await stretch(code, unhex(salt), iterations);
    const ordinal = this.#look(index);
    if (ordinal === null) return null;
    const content = await open(this.#records.slice(ordinal * RECORD, (ordinal + 1) * RECORD), key);
    if (content === null) return null;
    const flags = this.#flags[ordinal] ?? 0;
    return {
      ...content,
      ordinal,
      uses: this.#uses[ordinal] ?? 0,
      claimed: (flags & CLAIMED) !== 0,
      dead: (flags & DEAD) !== 0,
    };
  }

  /** The whole book as one chunk, from which `take` makes it again; `seq`: what all states are current to at least. */
  pack(seq: number): Uint8Array<ArrayBuffer> {
    if (this.#header === null) throw new RangeError('an empty book');
    const places: number[] = [];
    for (let ordinal = 0; ordinal < this.#seqs.length; ordinal++)
      if (this.#has(ordinal)) places.push(ordinal);
    const header = { ...this.#header, seq, count: places.length };
    const head = new TextEncoder().encode(JSON.stringify(header));
    const start = 4 + head.length;
    const states = start + places.length * RECORD;
    const packed = new Uint8Array(states + places.length * STATE);
    const view = new DataView(packed.buffer);
    view.setUint32(0, head.length);
    packed.set(head, 4);
    places.forEach((ordinal, place) => {
      const record = this.#records.subarray(ordinal * RECORD, (ordinal + 1) * RECORD);
      packed.set(record, start + place * RECORD);
      view.setUint16(states + place * STATE, this.#uses[ordinal] ?? 0);
      view.setUint8(states + place * STATE + 2, this.#flags[ordinal] ?? 0);
    });
    return packed;
  }

  clear(): void {
    this.#header = null;
    this.#count = 0;
    this.#records = new Uint8Array(0);
    this.#uses = new Uint16Array(0);
    this.#flags = new Uint8Array(0);
    this.#seqs = new Float64Array(0);
    this.#slots = new Int32Array(1024);
  }

  #set(ordinal: number, uses: number, flags: number, seq: number): void {
    if (seq < (this.#seqs[ordinal] ?? 0)) return;
    this.#seqs[ordinal] = seq;
    this.#uses[ordinal] = uses;
    this.#flags[ordinal] = flags;
  }

  /** Whether a record was taken in: no index is all zeros. */
  #has(ordinal: number): boolean {
    const at = ordinal * RECORD;
    for (let byte = 0; byte < 8; byte++) if (this.#records[at + byte] !== 0) return true;
    return false;
  }

  #reserve(size: number): void {
    if (size <= this.#seqs.length) return;
    const room = Math.max(1024, 2 ** Math.ceil(Math.log2(size)));
    this.#records = grown(new Uint8Array(room * RECORD), this.#records);
    this.#uses = grown(new Uint16Array(room), this.#uses);
    this.#flags = grown(new Uint8Array(room), this.#flags);
    this.#seqs = grown(new Float64Array(room), this.#seqs);
    if (this.#slots.length >= 2 * room) return;
    this.#slots = new Int32Array(2 * room);
    this.#count = 0;
    for (let ordinal = 0; ordinal < room; ordinal++) if (this.#has(ordinal)) this.#enter(ordinal);
  }

  #enter(ordinal: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(this.#records, ordinal * RECORD) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = ordinal + 1;
    this.#count++;
  }

  #look(index: Uint8Array): number | null {
    const mask = this.#slots.length - 1;
    for (
      let slot = this.#hash(index, 0) & mask;
      this.#slots[slot] !== 0;
      slot = (slot + 1) & mask
    ) {
      const ordinal = (this.#slots[slot] ?? 0) - 1;
      const at = ordinal * RECORD;
      if (index.every((byte, place) => this.#records[at + place] === byte)) return ordinal;
    }
    return null;
  }

  #hash(bytes: Uint8Array, at: number): number {
    return (
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)
    );
  }
}

function grown<Kind extends { set(from: Kind): void }>(room: Kind, before: Kind): Kind {
  room.set(before);
  return room;
}
