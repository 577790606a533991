/** The public page's live numbers. */
import type { Counts, PublicPage, WatchPublicAck } from '../../lib/api/types.ts';

export interface Counted {
  readonly page: PublicPage;
  /** Whether the hub counts offers that the page does not know, or no longer those that it does: it must be read anew. */
  readonly isStale: boolean;
}

/** Takes in what the hub answered to `watch_public`: the offers as they are. Pure. */
export function watched(page: PublicPage, ack: WatchPublicAck): PublicPage {
  return { ...page, status: ack.status, offers: ack.offers };
}

/** Takes in a `counts` message: numbers and statuses as they are, never added up, so a lost one does no harm. Pure. */
export function counted(page: PublicPage, counts: Counts): Counted {
  const known = page.offers.filter(({ id }) => id in counts.offers);
  const offers = known.map((offer) => ({ ...offer, ...counts.offers[offer.id] }));
  const isStale =
    offers.length !== page.offers.length || offers.length !== Object.keys(counts.offers).length;
  return { page: { ...page, status: counts.status, offers }, isStale };
}
