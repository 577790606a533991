/** Loads a door's book and judges by it, and prints how long that took: see bench/offline.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Alone } from '../alone.ts';
import { DoorClock } from '../clock.ts';
import { BookKeeper } from '../keeper.ts';
import { MemoryShelf } from '../shelf.ts';
import { Vault } from '../vault.ts';

const folder = process.argv[2] ?? '.';
const chunk = new Uint8Array(readFileSync(join(folder, 'book')));
const codes = JSON.parse(readFileSync(join(folder, 'codes.json'), 'utf8')) as string[];

const vault = await Vault.open(new MemoryShelf());
await vault.put({ 'book/packed': chunk });
const began = performance.now();
const keeper = await BookKeeper.open(vault);
const loaded = performance.now() - began;
console.log(`  opened in ${loaded.toFixed(0)} ms: ${keeper.book.size} vouchers`);

const clock = new DoorClock({ wall: Date.now, monotonic: () => performance.now() }, null);
const alone = await Alone.open({ vault, keeper, clock, pending: () => ({ units: 0, at: null }) });
await alone.know({ event: { status: 'open' }, offers: [], gates: [] } as never);
const times: number[] = [];
for (const code of codes) {
  const from = performance.now();
  const judged = await alone.judge({
    key: code,
    eventId: '',
    code,
    voucherId: null,
    units: 1,
    gateId: null,
    scannedAt: new Date().toISOString(),
  });
  times.push(performance.now() - from);
  if (judged?.ordinal == null) throw new Error('a voucher of the book was not found');
}
times.sort((one, other) => one - other);
const at = (part: number): string => (times[Math.floor(part * (times.length - 1))] ?? 0).toFixed(2);
console.log(
  `  a verdict: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms (${times.length} scans)`,
);
