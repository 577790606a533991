/** Brings in what the door judged alone while no page of it is open: the service worker's part of the uploads. */
import type { RedeemVerdict } from '../../lib/api/types.ts';
import { Outbox, type PendingScan } from '../../lib/check/outbox.ts';
import { judgedBy } from '../../lib/check/ways.ts';
import { Alone } from '../../lib/offline/alone.ts';
import { DoorClock } from '../../lib/offline/clock.ts';
import { HubNetwork } from '../../lib/offline/hub.ts';
import { bookOf, DatabaseShelf } from '../../lib/offline/indexeddb.ts';
import { BookKeeper } from '../../lib/offline/keeper.ts';
import { letIn, PendingScans } from '../../lib/offline/pending.ts';
import type { Shelf } from '../../lib/offline/shelf.ts';
import { Uploads } from '../../lib/offline/uploads.ts';
import { Vault } from '../../lib/offline/vault.ts';
import { webLock } from '../../lib/offline/weblock.ts';
import { KEPT, type Kept } from '../pairing/kept.ts';

/**
 * Brings in what the hub takes. False: something still waits.
 *
 * A scan that nobody has judged is left to the page: whoever waits for that answer looks at it.
 *
 * @param base The hub's origin.
 */
export async function broughtIn(base: string): Promise<boolean> {
  const outbox = await Outbox.open();
  try {
    const kept = await outbox.kept<Kept>(KEPT);
    if (kept === undefined) return true;
    const { token, event } = kept;
    const stored = await outbox.pending();
    const pending = new PendingScans(stored.filter(({ eventId }) => eventId === event.id));
    const shelf = await DatabaseShelf.open(bookOf(event.id));
    try {
      return await broughtInWith({ base, token, eventId: event.id, outbox, pending, shelf });
    } finally {
      shelf.close();
    }
  } finally {
    outbox.close();
  }
}

interface Parts {
  readonly base: string;
  readonly token: string;
  readonly eventId: string;
  readonly outbox: Outbox;
  readonly pending: PendingScans;
  readonly shelf: Shelf;
}

async function broughtInWith(parts: Parts): Promise<boolean> {
  const { base, token, eventId, outbox, pending, shelf } = parts;
  const vault = await Vault.open(shelf);
  const keeper = await BookKeeper.open(vault);
  const clocks = { wall: () => Date.now(), monotonic: () => performance.now() };
  const alone = await Alone.open({
    vault,
    keeper,
    clock: new DoorClock(clocks, null),
    pending: (ordinal) => pending.of(ordinal),
  });
  const uploads = new Uploads({
    network: new HubNetwork({ base, token, eventId }),
    lock: webLock(),
    waiting: () => pending.judged,
    answered: async (answers) => {
      // What waits no more has to be in the book: the page that comes next may have no network again.
      for (const [item, verdict] of answers)
        await alone.learn(item.ordinal ?? null, leaseless(verdict), letIn(item));
      await keeper.settled();
      await outbox.scansAnswered(
        answers.map(([item, verdict]) => [item, judgedBy(verdict)] as const),
      );
      for (const [{ key }] of answers) pending.delete(key);
    },
    setAside: async (item, problem) => {
      const after: PendingScan = { ...item, aside: problem.detail ?? problem.message };
      await outbox.change(after);
      pending.set(after);
    },
  });
  return (await uploads.run()) !== 'later';
}

/** Without what it says of a lease: the page notes those, and this worker's list of them may be an old one. */
const leaseless = (verdict: RedeemVerdict): RedeemVerdict => ({
  ...verdict,
  reason: null,
  leased_until: null,
});
