/** The chunk that the hub's tests recorded from what it seals: see tests/vectors/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Found, type Header, headerOf } from '../book.ts';

const path = join(import.meta.dirname, '../../../../../tests/vectors/door_book.json');
const recorded = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly chunk: string;
  readonly vouchers: readonly (Found & { readonly code: string })[];
};

export const { vouchers } = recorded;
export const chunk = Uint8Array.from(Buffer.from(recorded.chunk, 'base64'));
/** A voucher in it that nobody has used. */
export const UNUSED = '7KQ4MX2P9T';

/** The chunk with another header. */
export function chunkWith(changes: Partial<Header>): Uint8Array<ArrayBuffer> {
  const { header, start } = headerOf(chunk);
  const head = new TextEncoder().encode(JSON.stringify({ ...header, ...changes }));
  const made = new Uint8Array(4 + head.length + chunk.length - start);
  new DataView(made.buffer).setUint32(0, head.length);
  made.set(head, 4);
  made.set(chunk.subarray(start), 4 + head.length);
  return made;
}

/** A chunk without records, of the same book. */
export function emptyChunk(changes: Partial<Header> = {}): Uint8Array<ArrayBuffer> {
  return chunkWith({ ...changes, count: 0 }).slice(0, -chunkBody);
}

const chunkBody = chunk.length - headerOf(chunk).start;
