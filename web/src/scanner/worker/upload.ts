/** Brings in what the door judged alone while no page of it is open: the service worker's part of the uploads. */
import { Outbox, type PendingScan } from '../../lib/check/outbox.ts';
import { judgedBy } from '../../lib/check/ways.ts';
import { HubNetwork } from '../../lib/offline/hub.ts';
import { PendingScans } from '../../lib/offline/pending.ts';
import { Uploads } from '../../lib/offline/uploads.ts';
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
    const uploads = new Uploads({
      network: new HubNetwork({ base, token, eventId: event.id }),
      lock: webLock(),
      waiting: () => pending.judged,
      answered: async (answers) => {
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
  } finally {
    outbox.close();
  }
}
