import type { DeviceItem, EventItem, GateItem } from '../../lib/api/types.ts';

/** What a paired phone keeps. */
export interface Kept {
  readonly token: string;
  readonly device: DeviceItem;
  readonly event: Pick<EventItem, 'id' | 'name' | 'timezone'>;
  readonly gate: Pick<GateItem, 'id' | 'name'> | null;
}

/** Under which name the outbox keeps it. */
export const KEPT = 'pairing';
