/** An outbox in memory that outlives a door, as a browser's outlives a reload. */
import type { Answer, UndoAnswer } from '../../check/check.ts';
import type { Pending, PendingScan, PendingUndo, Store } from '../../check/outbox.ts';

export class MemoryOutbox implements Store {
  items: Pending[] = [];
  readonly done: [string, Answer | UndoAnswer][] = [];

  async put(item: Pending): Promise<void> {
    this.items = [...this.items.filter(({ key }) => key !== item.key), item];
  }

  async pending(): Promise<Pending[]> {
    return this.items;
  }

  async change(item: PendingScan): Promise<void> {
    this.items = this.items.map((known) => (known.key === item.key ? item : known));
  }

  async scanAnswered(item: PendingScan, answer: Answer): Promise<void> {
    await this.scansAnswered([[item, answer]]);
  }

  async scansAnswered(answers: readonly (readonly [PendingScan, Answer])[]): Promise<void> {
    const keys = new Set(answers.map(([{ key }]) => key));
    this.items = this.items.filter(({ key }) => !keys.has(key));
    for (const [{ key }, answer] of answers) this.done.push([key, answer]);
  }

  async undoAnswered(item: PendingUndo, undo: UndoAnswer): Promise<void> {
    this.items = this.items.filter(({ key }) => key !== item.key);
    this.done.push([item.key, undo]);
  }
}
