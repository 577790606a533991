/** Every word of the guest pages, in English. Sentences with numbers are functions: each language inflects its own way. */
import type { ClaimReason } from '../../lib/api/types.ts';
import { pluralOf } from '../../lib/text/plural.ts';

const plural = pluralOf('en');

export const en = {
  loading: 'Looking for the party …',
  close: 'Close',

  line: {
    live: 'Live',
    connecting: 'Connecting …',
    lost: 'No connection',
    lostLead: 'No connection. What you see may be old; your vouchers work all the same.',
    again: 'Connected again.',
  },

  event: {
    where: 'Where',
    when: 'When',
    unknownTitle: 'No party here',
    unknown:
      'There is no event at this address. Perhaps it has not been opened yet: ask for the link again.',
    failedTitle: 'The party cannot be shown',
    closedTitle: 'This event is closed',
    closed: 'No more dibs here. Your vouchers stay in your wallet.',
    offers: 'Call dibs',
    noOffers: 'Nothing to call dibs on yet',
    noOffersLead: 'As soon as there is something, it appears here by itself.',
    mine: 'Yours',
    earlier: 'Given out and used',
    share: 'Share this page',
    copied: 'Address copied',
    endedTitle: 'Your earlier vouchers are over',
    ended: {
      expired: 'They could be used until 30 days after the event.',
      gone: 'The hub does not know them any more: the event or your place on its list was removed.',
    },
    install: 'Keep it on your home screen: your codes open there without a network, too.',
    installDo: 'Install',
  },

  offer: {
    left: (count: number) => plural(count, 'left', 'left'),
    of: (quantity: string) => `of ${quantity}`,
    noLimit: 'Plenty',
    noLimitLead: 'for everybody',
    gone: 'All gone',
    goneLead: 'If somebody gives one back, it appears here at once.',
    dibs: 'Call dibs',
    another: 'One more',
    calling: 'Calling dibs …',
    show: 'Show my code',
    have: 'You have it',
    haveSome: (count: number) => `You have ${count}`,
    limit: (count: number) => `${count} for each guest`,
    uses: (count: number) => `good for ${count} times`,
    until: (time: string) => `until ${time}`,
    usableFrom: (time: string) => `Valid from ${time}`,
    usableUntil: (time: string) => `Valid until ${time}`,
    usableBetween: (from: string, until: string) => `Valid from ${from} until ${until}`,
    opens: (time: string) => `Opens ${time}`,
    opensIn: 'Opens in',
    closed: (time: string) => `Closed since ${time}`,
    paused: 'Paused',
    pausedLead: 'The organizers hold it back for a moment. This page opens it by itself.',
    eventClosed: 'The event is closed',
    got: 'Dibs! It is yours.',
    waiting: {
      unreachable: 'No answer yet. Asking again until there is one: your place counts once.',
      busy: 'Many people ask right now. Asking again by itself.',
    },
    entering: 'Letting you in …',
    enteringBusy: 'Many people are coming in right now. A few seconds …',
    refused: {
      event_not_open: 'Too late: the event is closed.',
      offer_paused: 'It was paused just now. Try again when it goes on.',
      not_claimable: 'This one is handed out by the organizers only.',
      not_yet_open: 'Not open yet. A moment more.',
      closed: 'Too late: the time for this one is over.',
      guest_limit_reached: 'You have as many as each guest may have.',
      sold_out: 'So close! Somebody was quicker, and the last one is gone.',
    } satisfies Record<ClaimReason, string>,
    missing: 'This offer is not there any more.',
    lostGuest: 'The hub does not know this phone any more. Call dibs again to start anew.',
  },

  voucher: {
    left: (count: number, all: number) => `${count} of ${all} ${plural(all, 'time', 'times')} left`,
    state: {
      issued: 'Ready',
      claimed: 'Ready',
      redeemed: 'Used',
      released: 'Given back',
      voided: 'Not valid',
    },
  },

  wallet: {
    title: 'My vouchers',
    open: (count: number) =>
      count === 0 ? 'My vouchers' : `My vouchers, ${count} ${plural(count, 'ready', 'ready')}`,
  },
};

export type Catalogue = typeof en;
