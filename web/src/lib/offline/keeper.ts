/** Keeps the book on the shelf and current: downloads what is new, notes what burns, packs it up now and then. */
import { Book, type Burn, type Header, headerOf } from './book.ts';
import type { DoorState, Network } from './network.ts';
import { hex } from './seal.ts';
import { parse, type Vault } from './vault.ts';

const PACKED = 'book/packed';
const CHUNK = 'book/chunk/';
const BURNS = 'book/burns/';
/** Pieces beside the packed book, above which it is packed anew. */
const PIECES = 64;

export interface Progress {
  /** Vouchers that are here, of `of` that are sealed. */
  readonly here: number;
  readonly of: number;
}

interface Note {
  readonly seq: number;
  readonly burns: readonly Burn[];
  readonly whole: boolean;
  /** Everything up to this entry is known with it; 0: nobody can tell. */
  readonly through: number;
}

const place = (number: number): string => String(number).padStart(12, '0');

export class BookKeeper {
  readonly book = new Book();
  readonly #vault: Vault;
  /** The entry up to which all states are known; null: never. */
  #current: number | null = null;
  #next = 0;
  #isWhole = false;
  #pieces: string[] = [];
  #notes = 0;
  /** Tells this keeper's notes from those of another page or worker that has the same book. */
  readonly #mark = hex(crypto.getRandomValues(new Uint8Array(4)));
  #writing: Promise<void> = Promise.resolve();
  /** What the storage could not take yet. */
  readonly #unkept = new Map<string, Note>();

  private constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Reads what an earlier page life left. */
  static async open(vault: Vault): Promise<BookKeeper> {
    const keeper = new BookKeeper(vault);
    const packed = await vault.get(PACKED);
    if (packed !== null) {
      keeper.book.take(packed);
      const { header } = headerOf(packed);
      keeper.#next = header.next;
      keeper.#isWhole = isWhole(header);
      keeper.#current = header.seq;
    }
    for (const [key, chunk] of await vault.entries(CHUNK)) {
      keeper.#pieces.push(key);
      keeper.#take(chunk);
    }
    for (const [key, value] of await vault.entries(BURNS)) {
      keeper.#pieces.push(key);
      keeper.#notes = Number.parseInt(key.slice(BURNS.length), 10);
      keeper.#apply(parse<Note>(value));
    }
    return keeper;
  }

  /** The entry up to which all states are known; null: there is no book yet. */
  get current(): number | null {
    return this.#current;
  }

  /** Whether every voucher was here that there was at the last look; one that was issued since is not. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Downloads what is new and how vouchers stand by now. What an interrupted download brought is not asked for again.
   * Throws Unreachable and ApiProblem.
   */
  async refresh(
    network: Network,
    onProgress: (progress: Progress) => void = () => {},
  ): Promise<void> {
    for (;;) {
      const chunk = await network.chunk(this.#next);
      const { header } = headerOf(chunk);
      const known = this.book.header;
      if (known !== null && known.salt !== '' && known.epoch !== header.epoch) {
        await this.forget(); // another history: nothing of it holds
        continue;
      }
      if (header.count > 0) {
        const key = CHUNK + place(this.#next);
        await this.#vault.put({ [key]: chunk.slice() });
        if (!this.#pieces.includes(key)) this.#pieces.push(key);
      }
      this.#take(chunk);
      onProgress({ here: this.book.size, of: header.vouchers });
      if (header.next >= header.last) break;
    }
    const state = await network.state(this.#current);
    this.learn(state, state.seq);
    if (this.#pieces.length > PIECES) await this.pack();
    await this.#writing;
  }

  /** Takes in what the hub told of vouchers. `through`: everything up to that entry is known with it. */
  learn(state: Omit<DoorState, 'epoch'>, through = 0): void {
    const note: Note = { seq: state.seq, burns: state.burns, whole: state.whole, through };
    this.#apply(note);
    if (note.burns.length === 0 && !note.whole) return;
    const key = `${BURNS}${place(++this.#notes)}-${this.#mark}`;
    this.#pieces.push(key);
    this.#writing = this.#writing
      .then(() => this.#vault.put({ [key]: note }))
      .catch(() => void this.#unkept.set(key, note));
  }

  /** Waits until what was learnt is kept. Throws where the storage does not take it; the next call tries it again. */
  async settled(): Promise<void> {
    await this.#writing;
    const unkept = [...this.#unkept];
    if (unkept.length === 0) return;
    await this.#vault.put(Object.fromEntries(unkept));
    for (const [key] of unkept) this.#unkept.delete(key);
  }

  /** Writes everything in one piece. */
  async pack(): Promise<void> {
    await this.#writing;
    const pieces = [...this.#pieces]; // what is learnt from now on is not in it
    const packed = this.book.pack(this.#current ?? 0);
    await this.#vault.put({ [PACKED]: packed });
    for (const key of pieces) this.#unkept.delete(key);
    this.#pieces = this.#pieces.filter((key) => !pieces.includes(key));
    await this.#vault.delete(pieces);
  }

  /** Removes the book from this device. */
  async forget(): Promise<void> {
    await this.#writing;
    // Another page and the worker have notes of their own of what is over.
    const notes = (await this.#vault.entries(BURNS)).map(([key]) => key);
    await this.#vault.delete([PACKED, ...this.#pieces, ...notes]);
    this.#unkept.clear();
    this.#pieces = [];
    this.#next = 0;
    this.#isWhole = false;
    this.#current = null;
    this.book.clear();
  }

  #take(chunk: Uint8Array): void {
    const { header } = headerOf(chunk);
    this.book.take(chunk);
    this.#next = header.next;
    this.#isWhole = isWhole(header);
    this.#current ??= header.seq;
  }

  #apply(note: Note): void {
    this.book.burn(note.seq, note.burns, note.whole);
    if (note.through > (this.#current ?? 0)) this.#current = note.through;
  }
}

/** The hub had sealed everything once, and there was no more of it than this. */
function isWhole({ sealed_seq, next, last }: Header): boolean {
  return sealed_seq > 0 && next >= last;
}
