/** What a form edits: its fields, the version that they are based on, and what somebody else changed meanwhile. */
import { changesOf, follow, same, settle, type Fields, type Merge } from './merge.ts';

export class Draft<F extends Fields> {
  #merge: Merge<F> = $state.raw({ base: {} as F, mine: {} as F, theirs: {} });
  /** The version that `If-Match` names. */
  version: number;
  /** Somebody else changed fields that the reader had not touched. */
  isMoved = $state(false);

  constructor(fields: F, version: number) {
    this.#merge = { base: fields, mine: fields, theirs: {} };
    this.version = version;
  }

  get fields(): F {
    return this.#merge.mine;
  }

  get theirs(): Partial<F> {
    return this.#merge.theirs;
  }

  get changes(): Partial<F> {
    return changesOf(this.#merge);
  }

  get isDirty(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  /** Whether the reader has to choose first. */
  get isContested(): boolean {
    return Object.keys(this.theirs).length > 0;
  }

  set<Name extends keyof F>(name: Name, value: F[Name]): void {
    this.#merge = { ...this.#merge, mine: { ...this.#merge.mine, [name]: value } };
  }

  /** Takes up what the hub has now: after an entry of the ledger, or after a 412. Older versions change nothing. */
  follow(fields: F, version: number): void {
    if (version <= this.version) return;
    this.version = version;
    const before = this.#merge.base;
    this.#merge = follow(this.#merge, fields);
    if (Object.keys(fields).some((name) => !same(before[name], fields[name]))) this.isMoved = true;
  }

  settle(name: keyof F, whose: 'mine' | 'theirs'): void {
    this.#merge = settle(this.#merge, name, whose);
  }

  /** The hub took it: what the form shows is what there is. */
  saved(fields: F, version: number): void {
    this.#merge = { base: fields, mine: fields, theirs: {} };
    this.version = version;
    this.isMoved = false;
  }
}
