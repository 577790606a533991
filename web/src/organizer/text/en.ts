/** Every word of the organizer's app, in English; in `../../lib/text` are those that all apps share. */
import { pluralOf } from '../../lib/text/plural.ts';
import { account } from './en/account.ts';
import { codes } from './en/codes.ts';
import { common, forms, kinds, nav } from './en/common.ts';
import { doors } from './en/doors.ts';
import { event, offers } from './en/event.ts';
import { feed } from './en/feed.ts';
import { inbox, rate, replay, share, team } from './en/pages.ts';

const plural = pluralOf('en');

export const en = {
  common,
  nav,
  forms,
  kinds,
  account,
  event,
  offers,
  codes,
  doors,
  inbox,
  share,
  team,
  rate,
  replay,
  feed,

  invite: {
    title: 'You are invited',
    lead: 'Join the team of an event and follow its night live.',
    signInFirst: 'Sign in or create an account to accept the invitation.',
    join: 'Join the team',
    dead: 'This invitation has been used already or is too old. Ask for a new one.',
    notYours: 'This invitation is for another e-mail address than the one you are signed in with.',
    member: 'You are on this team already.',
    later: 'Not now',
  },

  events: {
    back: 'All events',
    title: 'Your events',
    loading: 'Loading your events …',
    empty: 'No events yet',
    emptyLead: 'Create your first one: it takes a name and a time. You open it when it is ready.',
    add: 'New event',
    first: 'Create an event',
    failed: 'Your events could not be loaded.',
    status: { draft: 'Draft', open: 'Open', closed: 'Closed' },
  },

  live: {
    loading: 'Opening the live view …',
    loadingLong: 'Still trying to reach the hub …',
    refusedTitle: 'This event is not yours',
    refused: 'It does not exist, or you are no longer on its team.',
    settle: 'Settle them',
    draftLead: 'This event is a draft: only your team sees it.',
    draftNext: 'Open it',
    refusedCount: 'Refused',
    gates: 'Gates',
    totals: 'The night so far',
    offers: 'Offers',
    noOffers: 'No offers yet',
    noOffersLead: 'As soon as an offer is added, it appears here.',
    claimed: 'Claimed',
    redeemed: 'Redeemed',
    left: 'Left',
    leftOfLimited: 'Left (limited)',
    leftOf: (quantity: string) => `left of ${quantity}`,
    noLimit: 'no limit',
    noLimitMark: '∞',
    soldOut: 'All gone',
    issued: 'Codes',
    paused: 'Paused',
    usesEach: (uses: number) => `${uses} uses each`,
    conflicts: (count: number) =>
      `${count} ${plural(count, 'conflict', 'conflicts')} from offline doors to settle`,
    feed: 'What happens',
    feedEmpty: 'Nothing yet',
    feedEmptyLead: 'Claims, redemptions and refusals appear here the moment they happen.',
    feedFailed: 'Earlier entries could not be loaded.',
    feedOld: 'Older entries are in the ledger of the event.',
    pause: 'Pause',
    resume: 'Resume',
    pausedWith: (count: string) => `Paused, ${count} new`,
    doors: 'Doors',
    noDoors: 'No door devices yet',
    noDoorsLead: 'Paired phones appear here, with who is online.',
    online: 'Online',
    offline: 'Offline',
    seen: (ago: string) => `seen ${ago}`,
    never: 'not seen yet',
    notPaired: 'Not paired yet',
    revoked: 'Revoked',
    anyGate: 'No gate',
    offlineJudged: 'judged offline',
  },
};

export type Catalogue = typeof en;
