/**
 * How a door asks whether a guest may have it: the one seam between the scanner's screen and whoever judges.
 *
 * The screen never knows who judged: a door that had to judge alone tells a provisional verdict first, and the hub's own when
 * it comes.
 */
import type { RedeemVerdict, ReversalVerdict } from '../api/types.ts';

/** One physical scan: one key, whatever happens to the network afterwards. */
export interface Scan {
  /** The idempotency key, made at the moment of the scan. */
  readonly key: string;
  readonly eventId: string;
  /** What the QR held or what was typed; null where the guest was found by name. */
  readonly code: string | null;
  readonly voucherId: string | null;
  readonly units: number;
  /** Where the door stood; null: no gate. */
  readonly gateId: string | null;
  /** RFC 3339, by the door's own clock. */
  readonly scannedAt: string;
}

/** Nobody answered yet. What was asked is kept, and asked again with the same key until it is answered. */
export interface Waiting {
  readonly kind: 'waiting';
}

/** The hub cannot take it as it is, now or later. It is set aside, and shown. */
export interface Problem {
  readonly kind: 'problem';
  readonly detail: string | null;
}

export interface Judged {
  readonly kind: 'verdict';
  readonly verdict: RedeemVerdict;
  /** The door judged alone; the hub's answer replaces it. */
  readonly provisional: boolean;
}

export type Answer = Judged | Waiting | Problem;
export type UndoRefusal = NonNullable<ReversalVerdict['reason']>;

export type UndoAnswer =
  | { readonly kind: 'undone' }
  | { readonly kind: 'kept'; readonly reason: UndoRefusal }
  | Waiting
  | Problem;

export interface Listener {
  /**
   * An answer to the scan with this key; any number of times, the last one is the hub's. Returns whether somebody could see
   * it: what nobody did is told once more.
   */
  answered(key: string, answer: Answer): boolean;
  /** An answer to taking back what the scan with this key redeemed. */
  undone(key: string, answer: UndoAnswer): void;
  /** The device's token does not hold any longer. What has no answer stays stored. */
  ended(): void;
}

export interface Check {
  /**
   * Stores the scan, then asks. Resolves as soon as it is stored.
   *
   * @throws when it cannot be stored; then nothing was asked.
   */
  check(scan: Scan): Promise<void>;
  /**
   * Takes back what the scan redeemed; stored first and asked until answered, like a scan.
   *
   * @throws when it cannot be stored.
   */
  undo(scan: Pick<Scan, 'key' | 'eventId'>, redemptionId: string): Promise<void>;
  /** Somebody has seen that the hub cannot take the scan with this key: it is kept no longer. */
  dismiss(key: string): Promise<void>;
  /** Asks again, at once, for everything that has no answer yet: the network is back, or somebody looks. */
  nudge(): void;
  /** Asks no more; what has no answer stays stored. */
  close(): void;
}
