/** An outbox in memory that outlives a door, as a browser's outlives a reload. */
import type { Answer, UndoAnswer } from '../../check/check.ts';
import {
  hidesAdmission,
  isOutdated,
  type Pending,
  type PendingScan,
  type PendingUndo,
  type Store,
} from '../../check/outbox.ts';

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
    this.items = this.items.map((known) =>
      known.key === item.key && !isOutdated(item, known) ? item : known,
    );
  }

  async scanAnswered(item: PendingScan, answer: Answer): Promise<void> {
    await this.scansAnswered([[item, answer]]);
  }

  async scansAnswered(answers: readonly (readonly [PendingScan, Answer])[]): Promise<void> {
    for (const [item, answer] of answers) {
      const stored = this.items.find(({ key }) => key === item.key);
      if (hidesAdmission(item, answer, stored)) continue;
      this.items = this.items.filter((known) => known !== stored);
      this.done.push([item.key, answer]);
    }
  }

  async undoAnswered(item: PendingUndo, undo: UndoAnswer): Promise<void> {
    this.items = this.items.filter(({ key }) => key !== item.key);
    this.done.push([item.key, undo]);
  }
}
