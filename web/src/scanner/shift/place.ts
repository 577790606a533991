/** Where the door stands, and how a scan there is asked. */
import type { RedeemRequest } from '../../lib/api/types.ts';
import type { Scan } from '../../lib/check/check.ts';
import { requestOf } from '../../lib/offline/uploads.ts';

export interface Place {
  /** What the hub calls this device's own gate. */
  readonly gateId: string | null;
  /** Whether the device is fixed to it. */
  readonly isLocked: boolean;
}

export function requestAt({ gateId, isLocked }: Place, scan: Scan): RedeemRequest {
  // The hub's word for "where the device stands" unless the door has moved on since the scan.
  const isHere = isLocked || scan.gateId === gateId;
  return { ...requestOf({ scan }), ...(isHere && { gate_id: null }) };
}
