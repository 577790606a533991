/**
 * The live state: a snapshot, and how the ledger's entries carry it on.
 *
 * The law: a snapshot at s plus the entries after s equals a later snapshot, always. The server proves the same of its
 * tables, with the same recorded cases (`tests/vectors/ledger_law.json`).
 */
import type {
  DeviceState,
  Entry,
  EventState,
  GateState,
  OfferState,
  Snapshot,
} from '../api/types.ts';

/** Why the entries could not all be taken: some are missing, or history was restored from a backup. */
export type Broken = 'gap' | 'epoch';

export interface Applied {
  readonly snapshot: Snapshot;
  /** The entries that were new, in their order. */
  readonly fresh: readonly Entry[];
  /** Null: everything was taken. Otherwise the state is right up to `snapshot.seq`, and the rest must be asked for. */
  readonly broken: Broken | null;
}

/** The figures that entries move by their `data.counts`. */
const COUNTERS = [
  'issued',
  'claimed',
  'redeemed_units',
  'voided',
  'released',
  'unclaimed',
  'places',
] as const;

type Counter = (typeof COUNTERS)[number];
type Counts = Readonly<Partial<Record<Counter, number>>>;
type Data = Entry['data'];

/**
 * Applies entries in the order of their `seq`. Pure: `before` stays as it is, and what no entry touched is shared.
 *
 * Entries up to `before.seq` are known already and left out. At the first missing one it stops (`broken: 'gap'`).
 */
export function apply(before: Snapshot, entries: readonly Entry[]): Applied {
  let snapshot = before;
  const fresh: Entry[] = [];
  for (const entry of entries) {
    if (entry.seq <= snapshot.seq) continue;
    if (entry.seq !== snapshot.seq + 1) return { snapshot, fresh, broken: 'gap' };
    snapshot = step(snapshot, entry);
    fresh.push(entry);
  }
  return { snapshot, fresh, broken: null };
}

/** Applies a frame: entries that belong to one epoch. Entries of another history are never mixed in. */
export function applyFrame(
  before: Snapshot,
  frame: { readonly epoch: string; readonly entries: readonly Entry[] },
): Applied {
  if (frame.epoch !== before.epoch) return { snapshot: before, fresh: [], broken: 'epoch' };
  return apply(before, frame.entries);
}

function step(before: Snapshot, entry: Entry): Snapshot {
  const after = { ...changed(before, entry), seq: entry.seq };
  return counted(after, entry);
}

/** What the entry makes, changes and removes. A kind that a later server adds changes nothing here but its counts. */
function changed(state: Snapshot, { kind, data, ...entry }: Entry): Snapshot {
  switch (kind) {
    case 'event.created':
      return { ...state, event: data as EventState };
    case 'event.updated':
      return { ...state, event: { ...state.event, ...changes(data) } };
    case 'event.opened':
    case 'event.closed':
      return { ...state, event: { ...state.event, ...(data as Partial<EventState>) } };
    case 'gate.created':
      return { ...state, gates: put(state.gates, { ...(data as GateState), redeemed_units: 0 }) };
    case 'gate.updated':
      return { ...state, gates: patch(state.gates, entry.gate_id, (gate) => merge(gate, data)) };
    case 'gate.deleted':
      return { ...state, gates: state.gates.filter((gate) => gate.id !== entry.gate_id) };
    case 'offer.created':
      return { ...state, offers: put(state.offers, newOffer(data as OfferState)) };
    case 'offer.updated':
      return {
        ...state,
        offers: patch(state.offers, entry.offer_id, (offer) => withRemaining(merge(offer, data))),
      };
    case 'offer.deleted':
      return { ...state, offers: state.offers.filter((offer) => offer.id !== entry.offer_id) };
    case 'device.created':
      return { ...state, devices: put(state.devices, data as DeviceState) };
    case 'device.updated':
    case 'device.paired':
    case 'device.revoked':
      return {
        ...state,
        devices: patch(state.devices, data['device_id'] as string, (device) => merge(device, data)),
      };
    case 'conflict.opened':
      return { ...state, open_conflicts: state.open_conflicts + 1 };
    case 'conflict.resolved':
      return { ...state, open_conflicts: state.open_conflicts - 1 };
    default:
      return state;
  }
}

/** Adds `data.counts` to the entry's offer, and the redeemed units to its gate as well. */
function counted(state: Snapshot, entry: Entry): Snapshot {
  const counts = entry.data['counts'] as Counts | undefined;
  if (counts === undefined) return state;
  const units = counts.redeemed_units ?? 0;
  return {
    ...state,
    offers: patch(state.offers, entry.offer_id, (offer) => {
      const sums = Object.fromEntries(
        COUNTERS.map((name) => [name, offer[name] + (counts[name] ?? 0)]),
      );
      return withRemaining({ ...offer, ...sums });
    }),
    gates:
      units === 0
        ? state.gates
        : patch(state.gates, entry.gate_id, (gate) => ({
            ...gate,
            redeemed_units: gate.redeemed_units + units,
          })),
  };
}

function newOffer(resource: OfferState): OfferState {
  return withRemaining({
    ...resource,
    ...(Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Record<Counter, number>),
  });
}

/** How many more people can still get one: free places, and vouchers that are nobody's yet. Null: no limit. */
function withRemaining(offer: OfferState): OfferState {
  const remaining =
    offer.quantity === null ? null : Math.max(0, offer.quantity - offer.places) + offer.unclaimed;
  return { ...offer, remaining };
}

function changes(data: Data): object {
  return (data['changes'] ?? {}) as object;
}

function merge<T extends object>(row: T, data: Data): T {
  return { ...row, ...changes(data) };
}

interface Row {
  readonly id: string;
}

/** The rows with one more, in the order of creation (ids are time-ordered). */
function put<T extends Row>(rows: readonly T[], row: T): T[] {
  const others = rows.filter((known) => known.id !== row.id);
  const next = others.findIndex((known) => known.id > row.id);
  return others.toSpliced(next === -1 ? others.length : next, 0, row);
}

function patch<T extends Row>(
  rows: readonly T[],
  id: string | null | undefined,
  change: (row: T) => T,
): T[] {
  return rows.map((row) => (row.id === id ? change(row) : row));
}
