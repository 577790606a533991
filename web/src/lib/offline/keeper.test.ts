import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Unreachable } from '../api/problem.ts';
import { BookKeeper } from './keeper.ts';
import type { DoorState, Network } from './network.ts';
import { MemoryShelf } from './shelf.ts';
import { chunk, chunkWith, emptyChunk, UNUSED, vouchers } from './testing/recorded.ts';
import { Vault } from './vault.ts';
import { until } from '../testing/until.ts';

const NOTHING: DoorState = { epoch: 'e', seq: 41, whole: false, burns: [] };

let shelf: MemoryShelf;
let vault: Vault;
let keeper: BookKeeper;
let asked: (number | null)[];
let chunks: (after: number) => Uint8Array;
let state: DoorState;
let network: Network;

beforeEach(async () => {
  shelf = new MemoryShelf();
  vault = await Vault.open(shelf);
  asked = [];
  chunks = (after) => (after === 0 ? chunk : emptyChunk());
  state = NOTHING;
  network = {
    chunk: (after: number) => Promise.resolve(chunks(after)),
    state: (after: number | null) => {
      asked.push(after);
      return Promise.resolve(state);
    },
  } as Network;
  keeper = await BookKeeper.open(vault);
});

const reloaded = async (): Promise<BookKeeper> => BookKeeper.open(await Vault.open(shelf));
const uses = async (of: BookKeeper): Promise<number | undefined> =>
  (await of.book.find(UNUSED))?.uses;

describe('the keeper of the book', () => {
  it('finds after a reload what it had, and asks for what is newer only', async () => {
    await keeper.refresh(network);
    keeper.learn({ seq: 50, burns: [[0, 1, 0]], whole: false }, 50);
    await keeper.settled();
    const again = await reloaded();
    expect([again.isWhole, again.current, await uses(again)]).toEqual([true, 50, 1]);
    const after: number[] = [];
    chunks = (number) => (after.push(number), emptyChunk());
    await again.refresh(network);
    expect([after, asked]).toEqual([[4], [41, 50]]);
  });

  it('goes on after an interruption where it was', async () => {
    const [first, rest] = [chunkWith({ next: 4, last: 9 }), emptyChunk({ next: 9, last: 9 })];
    chunks = (after) => {
      if (after === 0) return first;
      throw new Unreachable('cut');
    };
    await expect(keeper.refresh(network)).rejects.toThrow(Unreachable);
    expect(keeper.isWhole).toBe(false);
    const again = await reloaded();
    expect([again.book.size, again.isWhole]).toEqual([vouchers.length, false]);
    const after: number[] = [];
    chunks = (number) => (after.push(number), rest);
    await again.refresh(network);
    expect([after, again.isWhole]).toEqual([[4], true]);
  });

  it('loses nothing that it learns while it packs', async () => {
    await keeper.refresh(network);
    const put = shelf.put.bind(shelf);
    vi.spyOn(shelf, 'put').mockImplementationOnce(async (values) => {
      await put(values);
      keeper.learn({ seq: 60, burns: [[0, 1, 0]], whole: false }, 60);
      await until(async () => expect(await shelf.entries('book/burns/')).toHaveLength(1));
    });
    await keeper.pack();
    await keeper.settled();
    const again = await reloaded();
    expect([again.book.size, await uses(again), again.current]).toEqual([vouchers.length, 1, 60]);
  });

  it('takes states for no newer than what was told by them', async () => {
    await keeper.refresh(network);
    keeper.learn({ seq: 60, burns: [[0, 1, 0]], whole: false }, 50);
    await keeper.settled();
    for (const of of [keeper, await reloaded()])
      expect([of.current, await uses(of)]).toEqual([50, 1]);
    keeper.learn({ seq: 70, burns: [[0, 1, 0]], whole: false }, 0);
    expect(keeper.current).toBe(50);
  });

  it('overwrites nothing that another page of the phone has noted', async () => {
    await keeper.refresh(network);
    const other = await reloaded();
    keeper.learn({ seq: 50, burns: [[0, 1, 0]], whole: false }, 50);
    other.learn({ seq: 60, burns: [[1, 1_000, 1]], whole: false }, 60);
    await Promise.all([keeper.settled(), other.settled()]);
    const again = await reloaded();
    expect(again.book.stateOf(0)).toEqual([0, 1, 0]);
    expect(again.book.stateOf(1)).toEqual([1, 1_000, 1]);
  });

  it('says that something is not kept, and keeps it when there is room again', async () => {
    await keeper.refresh(network);
    const full = vi.spyOn(shelf, 'put').mockRejectedValue(new Error('the storage is full'));
    keeper.learn({ seq: 50, burns: [[0, 1, 0]], whole: false }, 50);
    await expect(keeper.settled()).rejects.toThrow('full');
    full.mockRestore();
    await keeper.settled();
    expect(await uses(await reloaded())).toBe(1);
  });

  it('remembers that all vouchers are as they were issued', async () => {
    await keeper.refresh(network);
    keeper.learn({ seq: 50, burns: [[0, 1, 0]], whole: false }, 50);
    keeper.learn({ seq: 30_000, burns: [], whole: true }, 30_000);
    await keeper.settled();
    const again = await reloaded();
    expect([await uses(again), again.current]).toEqual([0, 30_000]);
  });

  it('forgets everything of a history that is over, on the shelf, too', async () => {
    await keeper.refresh(network);
    keeper.learn({ seq: 900, burns: [[0, 1, 0]], whole: false }, 900);
    const worker = await reloaded();
    worker.learn({ seq: 901, burns: [[0, 1, 0]], whole: false }, 901);
    await Promise.all([keeper.settled(), worker.settled()]);
    const other = { epoch: '0197d3a0-0000-7000-8000-0000000000ff', seq: 12 };
    chunks = (after) => (after === 0 ? chunkWith(other) : emptyChunk(other));
    state = { ...NOTHING, seq: 12, whole: true, burns: [[1, 5, 1]] };
    await keeper.refresh(network);
    expect([await uses(keeper), keeper.current, asked.at(-1)]).toEqual([0, 12, 12]);
    const again = await reloaded();
    expect([await uses(again), again.current]).toEqual([0, 12]);
  });
});
