/** What a page that is opened anew finds in the storage: the last answers, and what still waits for one. */
import type { Answer } from '../../lib/check/check.ts';
import type { Outbox, PendingScan } from '../../lib/check/outbox.ts';
import { read } from '../../lib/codes/codes.ts';
import type { Recent } from './machine.ts';

/** The scans of an event, the newest first. */
export async function ofStorage(outbox: Outbox, eventId: string): Promise<Recent[]> {
  const [done, pending] = await Promise.all([outbox.done(eventId), outbox.pending()]);
  const undoing = new Set(pending.flatMap((item) => (item.kind === 'undo' ? [item.scanKey] : [])));
  const answered = done.map(({ key, scannedAt, units, answer, undo }): Recent => ({
    key,
    scannedAt,
    units,
    code: null,
    voucherId: answer.kind === 'verdict' ? (answer.verdict.voucher?.id ?? null) : null,
    answer,
    undo: undoing.has(key) ? { kind: 'waiting' } : undo,
    since: null,
  }));
  const waiting = pending.flatMap((item): Recent[] => {
    if (item.kind !== 'scan' || item.eventId !== eventId) return [];
    const { key, scannedAt, units, code, voucherId } = item.scan;
    return [
      {
        key,
        scannedAt,
        units,
        // What was judged alone is shown as it was; else the code leads back to the scan that waits.
        code: item.told === true || code === null ? null : (read(code) ?? code),
        voucherId,
        answer: restored(item),
        undo: null,
        since: null,
      },
    ];
  });
  return [...answered, ...waiting].sort((one, other) =>
    one.scannedAt < other.scannedAt ? 1 : one.scannedAt > other.scannedAt ? -1 : 0,
  );
}

function restored({ alone, told, aside }: PendingScan): Answer {
  if (aside !== undefined) return { kind: 'problem', detail: aside };
  return alone === undefined || told !== true
    ? { kind: 'waiting' }
    : { kind: 'verdict', verdict: alone, provisional: true };
}
