/** A small ledger for tests: entries as the hub writes them, and the snapshots between them. */
import type { Entry, EventState, OfferState, Snapshot } from '../../api/types.ts';
import { apply } from '../reducer.ts';

const AT = '2026-07-04T20:00:00Z';
export const EVENT_ID = '0197d3a0-0000-7000-8000-000000000001';
export const EPOCH = '0197d3a0-0000-7000-8000-0000000000ee';
export const OFFER_ID = '0197d3a0-0000-7000-8000-000000000101';

export function event(more: Partial<EventState> = {}): EventState {
  return {
    id: EVENT_ID,
    slug: 'harbour-night',
    name: 'Harbour Night',
    description: '',
    venue: 'Pier 4',
    timezone: 'Europe/Vilnius',
    starts_at: '2026-07-04T18:00:00Z',
    ends_at: '2026-07-05T02:00:00Z',
    status: 'open',
    guest_access: 'open',
    guest_name: 'off',
    version: 1,
    created_at: AT,
    updated_at: AT,
    ...more,
  };
}

export function offer(more: Partial<OfferState> = {}): OfferState {
  return {
    id: OFFER_ID,
    event_id: EVENT_ID,
    title: 'Free drink',
    description: '',
    quantity: 1_000_000,
    claimable: true,
    per_guest_limit: null,
    max_uses: 1,
    claim_from: null,
    claim_until: null,
    redeem_from: null,
    redeem_until: null,
    gate_ids: [],
    status: 'active',
    offline: 'allow',
    version: 1,
    created_at: AT,
    updated_at: AT,
    issued: 0,
    claimed: 0,
    redeemed_units: 0,
    voided: 0,
    released: 0,
    unclaimed: 0,
    places: 0,
    remaining: 1_000_000,
    ...more,
  };
}

export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    epoch: EPOCH,
    seq: 1,
    event: event(),
    offers: [offer()],
    gates: [],
    devices: [],
    open_conflicts: 0,
    ...more,
  };
}

export function claim(seq: number): Entry {
  return {
    seq,
    at: AT,
    kind: 'voucher.claimed',
    actor: { type: 'guest', id: null, label: 'Guest' },
    offer_id: OFFER_ID,
    voucher_id: `0197d3a0-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    data: { counts: { issued: 1, claimed: 1, places: 1 } },
  };
}

/** A ledger that grows by claims; every state that it ever had can be asked for. */
export class GrowingLedger {
  epoch: string;
  readonly #states: Snapshot[];
  readonly entries: Entry[] = [];

  constructor(epoch: string = EPOCH, offers: OfferState[] = [offer()]) {
    this.epoch = epoch;
    this.#states = [snapshot({ epoch, offers })];
  }

  get head(): number {
    return this.now.seq;
  }

  get now(): Snapshot {
    return this.#states.at(-1) as Snapshot;
  }

  /** Appends `count` claims and returns them. */
  grow(count: number): Entry[] {
    const fresh = Array.from({ length: count }, (_, index) => claim(this.head + 1 + index));
    for (const entry of fresh) this.#states.push(apply(this.now, [entry]).snapshot);
    this.entries.push(...fresh);
    return fresh;
  }

  after(seq: number): Entry[] {
    return this.entries.filter((entry) => entry.seq > seq);
  }
}
