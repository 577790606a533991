/** What a door that can judge alone is made of, and how patient it is. */
import type { Listener } from '../check/check.ts';
import type { Store } from '../check/outbox.ts';
import type { Ways } from '../check/ways.ts';
import type { Alone } from './alone.ts';
import type { DoorClock } from './clock.ts';
import type { PendingScans } from './pending.ts';
import type { Uploads } from './uploads.ts';

export interface OfflineOptions {
  readonly eventId: string;
  readonly outbox: Store;
  readonly ways: Ways;
  readonly alone: Alone;
  readonly uploads: Uploads;
  readonly clock: DoorClock;
  readonly pending: PendingScans;
  readonly listener: Listener;
  /** The name that somebody at this door typed; null: nobody did. */
  readonly staff?: () => string | null;
  /** Milliseconds without an answer after which the door judges alone. */
  readonly patience?: () => number;
  /** Milliseconds between two tries to reach the hub. */
  readonly retry?: number;
  /** Calls back after so many milliseconds; returns what calls it off. */
  readonly after?: (milliseconds: number, callback: () => void) => () => void;
}

const PATIENCE = 800;
const RETRY = 3_000;

/** The same with everything that nobody chose. */
export function complete(options: OfflineOptions): Required<OfflineOptions> {
  return { staff: () => null, patience: () => PATIENCE, retry: RETRY, after, ...options };
}

function after(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}
