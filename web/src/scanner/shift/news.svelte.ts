/** What the door knows of the event, of its neighbours and of its own place, as the socket tells it. */
import type { Entry, Snapshot } from '../../lib/api/types.ts';
import type { News } from '../../lib/live/follower.ts';
import type { Kept } from '../pairing/kept.ts';

/** Redemptions at other doors that are listed. */
const MOST_ELSEWHERE = 30;
/** Vouchers whose last use is remembered. */
const MOST_USES = 2_000;

export class EventNews {
  snapshot: Snapshot | null = $state.raw(null);
  kept: Kept = $state.raw() as Kept;
  /** What other doors did, the newest first. */
  elsewhere: readonly Entry[] = $state.raw([]);
  /** Uses of vouchers as the ledger told since this page looks, by voucher. */
  uses: ReadonlyMap<string, Entry> = $state.raw(new Map());
  readonly #onKept: (kept: Kept) => void;

  /** `onKept`: hears that the device or its gate was changed by somebody. */
  constructor(kept: Kept, onKept: (kept: Kept) => void) {
    this.kept = kept;
    this.#onKept = onKept;
  }

  take({ snapshot, entries }: News): void {
    this.snapshot = snapshot;
    const { id } = this.kept.device;
    const own = snapshot.devices.find((device) => device.id === id);
    if (own !== undefined) this.keep(own);
    const used = entries.filter(
      ({ kind, voucher_id }) =>
        voucher_id != null && (kind === 'voucher.redeemed' || kind === 'redemption.reversed'),
    );
    if (used.length === 0) return;
    const others = used.filter(({ actor }) => actor.id !== id);
    this.elsewhere = [...others.reverse(), ...this.elsewhere].slice(0, MOST_ELSEWHERE);
    const uses = new Map(this.uses);
    for (const entry of used) if (entry.voucher_id) uses.set(entry.voucher_id, entry);
    this.uses = new Map([...uses].slice(-MOST_USES));
  }

  /** The device as the hub has it now. */
  keep(device: Kept['device']): void {
    const { gate_id, gate_locked, can_search, label } = this.kept.device;
    const gate = this.snapshot?.gates.find(({ id }) => id === device.gate_id);
    const isSame =
      device.gate_id === gate_id &&
      device.gate_locked === gate_locked &&
      device.can_search === can_search &&
      device.label === label &&
      (gate?.name ?? null) === (this.kept.gate?.name ?? null);
    if (isSame) return;
    const { event } = this.kept;
    this.kept = {
      ...this.kept,
      device,
      gate: gate === undefined ? null : { id: gate.id, name: gate.name },
      event: { ...event, name: this.snapshot?.event.name ?? event.name },
    };
    this.#onKept(this.kept);
  }

  /** The event's own word for a gate; null: none, or one that is gone. */
  gateName(gateId: string | null | undefined): string | null {
    if (gateId == null) return null;
    const gate = this.snapshot?.gates.find(({ id }) => id === gateId);
    return gate?.name ?? (this.kept.gate?.id === gateId ? this.kept.gate.name : null);
  }
}
