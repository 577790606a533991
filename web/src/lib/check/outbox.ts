/**
 * What a door asked and was not answered yet, and its last answers: in IndexedDB, written before anything is sent, so that
 * it survives a reload, a crash and an empty battery. The only module that knows how scans are stored.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { LocalJudgement, RedeemVerdict } from '../api/types.ts';
import type { Answer, Scan, UndoAnswer } from './check.ts';

export interface PendingScan {
  readonly kind: 'scan';
  readonly key: string;
  readonly eventId: string;
  readonly scan: Scan;
  /**
   * What the door itself would say, without the guest's name: by its book as it was before the scan was ever sent, for what
   * the hub does with this very scan must not count against it. Missing: it has no book.
   */
  readonly alone?: RedeemVerdict;
  /** The door says that. Kept before it is shown: a page that died in between has to show it (again). */
  readonly local?: LocalJudgement;
  /** It was shown, so the door has acted on it. */
  readonly told?: true;
  /** Its voucher's place in the door's book, where it was found there. */
  readonly ordinal?: number;
  /** The hub cannot take it, and why: it stays until a person has seen it. */
  readonly aside?: string;
}

export interface PendingUndo {
  readonly kind: 'undo';
  readonly key: string;
  readonly eventId: string;
  /** Whose redemption is taken back. */
  readonly scanKey: string;
  readonly redemptionId: string;
}

export type Pending = PendingScan | PendingUndo;

/** Where a check keeps what was not answered yet. */
export interface Store {
  /** Stores what is about to be asked; resolves once it is on the device's storage. */
  put(item: Pending): Promise<void>;
  /** What was not answered yet, the oldest first. */
  pending(): Promise<Pending[]>;
  /**
   * Stores what became of a scan that still waits, at its place; nothing happens where it waits no more, or where another page
   * has acted on it meanwhile.
   */
  change(item: PendingScan): Promise<void>;
  /**
   * The scan was answered for good: it waits no more and joins the last answers; not where another page has let the guest in
   * meanwhile and the hub would not have: that is still to be brought in.
   */
  scanAnswered(item: PendingScan, answer: Answer): Promise<void>;
  /** The same for many, all or none. */
  scansAnswered(answers: readonly (readonly [PendingScan, Answer])[]): Promise<void>;
  /** Taking back was answered for good. */
  undoAnswered(item: PendingUndo, undo: UndoAnswer): Promise<void>;
}

/** A scan that was answered. Neither its code nor the guest's name is kept: a lost phone need not tell. */
export interface Done {
  readonly key: string;
  readonly eventId: string;
  readonly scannedAt: string;
  readonly units: number;
  readonly answer: Answer;
  readonly undo: UndoAnswer | null;
}

interface Schema extends DBSchema {
  /** In the order in which it was asked. */
  pending: { key: number; value: Pending; indexes: { key: string } };
  done: { key: number; value: Done; indexes: { key: string } };
  /** Small things by name. */
  kept: { key: string; value: unknown };
}

/** Answers that are kept for the list of the last scans. */
export const MOST_DONE = 50;
const STRICT = { durability: 'strict' } as const;

export class Outbox implements Store {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** @throws where the browser keeps nothing (some private windows). */
  static async open(name = 'dibs.door'): Promise<Outbox> {
    const db = await openDB<Schema>(name, 1, {
      upgrade(fresh) {
        for (const store of ['pending', 'done'] as const)
          fresh.createObjectStore(store, { autoIncrement: true }).createIndex('key', 'key');
        fresh.createObjectStore('kept');
      },
      blocking: () => db.close(), // a newer page must not wait for this one
    });
    return new Outbox(db);
  }

  async put(item: Pending): Promise<void> {
    const tx = this.#db.transaction('pending', 'readwrite', STRICT);
    await Promise.all([tx.store.put(item), tx.done]);
  }

  async pending(): Promise<Pending[]> {
    return this.#db.getAll('pending');
  }

  async change(item: PendingScan): Promise<void> {
    const tx = this.#db.transaction('pending', 'readwrite', STRICT);
    const cursor = await tx.store.index('key').openCursor(item.key);
    if (cursor !== null && !isOutdated(item, cursor.value)) await cursor.update(item);
    await tx.done;
  }

  async scanAnswered(item: PendingScan, answer: Answer): Promise<void> {
    await this.scansAnswered([[item, answer]]);
  }

  async scansAnswered(answers: readonly (readonly [PendingScan, Answer])[]): Promise<void> {
    const tx = this.#db.transaction(['pending', 'done'], 'readwrite', STRICT);
    const [pending, done] = [tx.objectStore('pending'), tx.objectStore('done')];
    await Promise.all(
      answers.map(async ([item, answer]) => {
        const { key, eventId, scan } = item;
        const { scannedAt, units } = scan;
        if (hidesAdmission(item, answer, await pending.index('key').get(key))) return;
        await remove(pending, key);
        if ((await done.index('key').getKey(key)) !== undefined) return;
        await done.put({ key, eventId, scannedAt, units, answer: nameless(answer), undo: null });
      }),
    );
    const old = (await done.getAllKeys()).slice(0, -MOST_DONE);
    await Promise.all(old.map((number) => done.delete(number)));
    await tx.done;
  }

  async undoAnswered({ key, scanKey }: PendingUndo, undo: UndoAnswer): Promise<void> {
    const tx = this.#db.transaction(['pending', 'done'], 'readwrite', STRICT);
    await remove(tx.objectStore('pending'), key);
    const cursor = await tx.objectStore('done').index('key').openCursor(scanKey);
    if (cursor !== null) await cursor.update({ ...cursor.value, undo });
    await tx.done;
  }

  /** The last answers of an event, the oldest first. */
  async done(eventId: string): Promise<Done[]> {
    return (await this.#db.getAll('done')).filter((item) => item.eventId === eventId);
  }

  /** What was kept under a name; undefined: nothing. */
  async kept<Value>(name: string): Promise<Value | undefined> {
    return (await this.#db.get('kept', name)) as Value | undefined;
  }

  /** Keeps something under a name; undefined forgets it. */
  async keep(name: string, value: unknown): Promise<void> {
    const tx = this.#db.transaction('kept', 'readwrite', STRICT);
    await Promise.all([
      value === undefined ? tx.store.delete(name) : tx.store.put(value, name),
      tx.done,
    ]);
  }

  close(): void {
    this.#db.close();
  }
}

/** Whether another page has shown what it judged of this scan, and this one knows nothing of it. */
export function isOutdated(item: PendingScan, stored: Pending): boolean {
  return stored.kind === 'scan' && stored.told === true && item.told !== true;
}

/** Whether another page has let this guest in, unknown to this one, and the hub did not. */
export function hidesAdmission(
  item: PendingScan,
  answer: Answer,
  stored: Pending | undefined,
): boolean {
  if (stored?.kind !== 'scan' || stored.local?.verdict !== 'accepted') return false;
  const isAccepted = answer.kind === 'verdict' && answer.verdict.verdict === 'accepted';
  return item.local === undefined && !isAccepted;
}

interface Removing {
  index(name: 'key'): { getAllKeys(key: string): Promise<number[]> };
  delete(number: number): Promise<void>;
}

async function remove(store: Removing, key: string): Promise<void> {
  const numbers = await store.index('key').getAllKeys(key);
  await Promise.all(numbers.map((number) => store.delete(number)));
}

function nameless(answer: Answer): Answer {
  if (answer.kind !== 'verdict' || answer.verdict.voucher === null) return answer;
  const voucher = { ...answer.verdict.voucher, guest_name: null };
  return { ...answer, verdict: { ...answer.verdict, voucher } };
}
