import { beforeEach, describe, expect, it } from 'vitest';

import { Book, UnknownFormat } from './book.ts';
import { chunk, UNUSED, vouchers } from './testing/recorded.ts';

describe('the book', () => {
  let book: Book;

  beforeEach(() => {
    book = new Book();
    book.take(chunk);
  });

  it('opens what the hub sealed, with the code alone', async () => {
    expect(book.size).toBe(vouchers.length);
    for (const { code, ...voucher } of vouchers) expect(await book.find(code)).toEqual(voucher);
    expect(await book.find('7KQ4MX2P9S')).toBeNull();
  });

  it('is the same after it was packed', async () => {
    const again = new Book();
    again.take(book.pack(41));
    for (const { code, ...voucher } of vouchers) expect(await again.find(code)).toEqual(voucher);
  });

  it('keeps the newer state, whichever came first', async () => {
    book.burn(50, [[0, 1, 0]]);
    book.burn(45, [[0, 0, 0]]);
    book.take(chunk);
    expect(await book.find(UNUSED)).toMatchObject({ uses: 1 });
    book.burn(60, [], true);
    expect(await book.find(UNUSED)).toMatchObject({ uses: 0 });
  });

  it('counts a voucher that comes again once', () => {
    book.take(chunk);
    expect(book.size).toBe(vouchers.length);
  });

  it('refuses what it does not know', () => {
    expect(() => book.take(chunk.slice(0, -1))).toThrow(UnknownFormat);
  });

  it('opens nothing that was tampered with', async () => {
    const header = 4 + new DataView(chunk.buffer).getUint32(0);
    const bent = chunk.slice();
    bent[header + 30] = (bent[header + 30] ?? 0) ^ 1;
    const other = new Book();
    other.take(bent);
    expect(await other.find(UNUSED)).toBeNull();
  });
});
