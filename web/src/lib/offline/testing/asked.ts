/** A door's check with a hub, a book and a listener that a test sets as it likes. */
import 'fake-indexeddb/auto';

import { expect } from 'vitest';

import { Unreachable } from '../../api/problem.ts';
import type {
  LocalJudgement,
  RedeemRequest,
  RedeemVerdict,
  ReversalVerdict,
} from '../../api/types.ts';
import type { Answer, Scan, UndoAnswer } from '../../check/check.ts';
import { Outbox, type PendingScan, type PendingUndo } from '../../check/outbox.ts';
import type { Alone, Judged } from '../alone.ts';
import { OfflineCheck } from '../check.ts';
import { DoorClock } from '../clock.ts';
import type { BatchResult, Network } from '../network.ts';
import { PendingScans } from '../pending.ts';
import { ownLock, Uploads } from '../uploads.ts';
import { until } from '../../testing/until.ts';

export const EVENT = 'event-1';
const NAMED: RedeemVerdict['voucher'] = {
  id: 'v1',
  code: '…9T',
  state: 'redeemed',
  offer_id: 'o1',
  offer_title: 'Free drink',
  uses: 1,
  max_uses: 1,
  remaining: 0,
  guest_name: 'Ada',
};

interface TestedDoor {
  outbox: Outbox;
  pending: PendingScans;
  check: OfflineCheck;
  heard: [string, Answer | UndoAnswer][];
  /** Keys, in the order in which they were asked. */
  sent: string[];
  redeem: (scan: Scan) => Promise<RedeemVerdict>;
  reverse: (undo: PendingUndo) => Promise<ReversalVerdict>;
  batch: (items: readonly RedeemRequest[]) => Promise<readonly BatchResult[]>;
  fallback: ((scan: Scan) => Promise<RedeemVerdict>) | null;
  /** What the door can tell by its book; null: it has none. */
  alone: Judged | null;
  learn: (verdict: RedeemVerdict, letIn: number) => Promise<void>;
  /** Waits until the book has kept what was learnt. */
  noted: () => Promise<void>;
  hasEnded: boolean;
  /** Whether somebody looks at what the door shows. */
  isSeen: boolean;
  /** Milliseconds for which the door waits for the hub. */
  patience: number;
}

export const door = {} as TestedDoor;
let name = 0;

export async function setUp(): Promise<void> {
  const fresh: Partial<TestedDoor> = {
    outbox: await Outbox.open(`door-${++name}`),
    heard: [],
    sent: [],
    hasEnded: false,
    isSeen: true,
    patience: 10,
    fallback: null,
    alone: null,
    learn: () => Promise.resolve(),
    noted: () => Promise.resolve(),
    redeem: (scan) => Promise.resolve(accepted(scan)),
    reverse: () => Promise.reject(new Error('not asked for')),
    batch: () => Promise.reject(new Unreachable('no network')),
  };
  Object.assign(door, fresh);
  await begin();
}

export function tearDown(): void {
  door.check.close();
  door.outbox.close();
}

/** Opens the door, as after a reload. */
export async function begin(): Promise<void> {
  const items = await door.outbox.pending();
  door.pending = new PendingScans(items.filter(({ eventId }) => eventId === EVENT));
  const { outbox, pending } = door;
  const uploads = new Uploads({
    network: { batch: (items: readonly RedeemRequest[]) => door.batch(items) } as Network,
    lock: ownLock(),
    waiting: () => pending.judged,
    answered: (answers) => door.check.broughtIn(answers),
    setAside: (item, problem) => door.check.setAside(item, problem),
  });
  door.check = new OfflineCheck({
    eventId: EVENT,
    outbox,
    pending,
    uploads,
    alone: {
      judge: () => Promise.resolve(door.alone),
      learn: (_: number | null, verdict: RedeemVerdict, letIn = 0) => door.learn(verdict, letIn),
      settled: () => door.noted(),
    } as never as Alone,
    clock: new DoorClock({ wall: Date.now, monotonic: () => performance.now() }, null),
    ways: {
      redeem: [
        (scan) => {
          door.sent.push(scan.key);
          return door.redeem(scan);
        },
        (scan) => door.fallback?.(scan) ?? Promise.reject(new Error('no network')),
      ],
      reverse: (undo) => door.reverse(undo),
    },
    listener: {
      answered: (key, answer) => {
        door.heard.push([key, answer]);
        return door.isSeen;
      },
      undone: (key, answer) => door.heard.push([key, answer]),
      ended: () => (door.hasEnded = true),
    },
    patience: () => door.patience,
    retry: 4,
  });
}

export function scan(key: string, eventId = EVENT): Scan {
  const scannedAt = '2026-07-04T20:00:00Z';
  return { key, eventId, code: '7KQ4MX2P9T', voucherId: null, units: 1, gateId: null, scannedAt };
}

export function accepted(of: Scan): RedeemVerdict {
  return {
    verdict: 'accepted',
    reason: null,
    message: 'Welcome.',
    replayed: false,
    dry_run: false,
    redemption_id: `r-${of.key}`,
    seq: 7,
    redeemed_at: of.scannedAt,
    voucher: NAMED,
    previous: null,
    conflict_id: null,
  } as RedeemVerdict;
}

export const LET_IN: LocalJudgement = {
  verdict: 'accepted',
  reason: null,
  device_time: '2026-07-04T20:00:00Z',
  clock_offset_ms: 0,
  clock_suspect: false,
  staff: null,
};

export function stored(key: string): PendingScan {
  return { kind: 'scan', key, eventId: EVENT, scan: scan(key) };
}

/** What the door says for itself. */
export const yes = (): Judged => ({ reason: null, ordinal: 3, verdict: accepted(scan('book')) });
export const no = (): Judged => ({
  reason: 'already_redeemed',
  ordinal: 3,
  verdict: { ...accepted(scan('book')), verdict: 'refused', reason: 'already_redeemed' },
});
/** What the hub says. */
export const refused = (of: { idempotency_key: string }): RedeemVerdict => ({
  ...accepted(scan(of.idempotency_key)),
  verdict: 'refused',
  reason: 'voided',
});
/** Answers every item of a batch, and notes what came in it. */
export const all =
  (verdict: (of: RedeemRequest) => RedeemVerdict, into: RedeemRequest[] = []) =>
  (items: readonly RedeemRequest[]): Promise<readonly BatchResult[]> => {
    into.push(...items);
    return Promise.resolve(items.map(verdict));
  };

/** Lets everything happen that does not wait for the test. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await door.outbox.pending();
}

export const lost = (): Promise<never> => Promise.reject(new Error('no answer'));
export const finals = (key: string): (Answer | UndoAnswer)[] =>
  door.heard
    .filter(([of, answer]) => of === key && answer.kind !== 'waiting')
    .map(([, answer]) => answer);
export const settled = (key: string): Promise<void> =>
  until(() => expect(finals(key)).not.toEqual([]));
export const emptied = (): Promise<void> =>
  until(async () => expect(await door.outbox.pending()).toEqual([]));
