/**
 * Every word that the apps show, in English. A further language is a file of the same shape (`Catalogue`); sentences with
 * numbers or names are functions, so that each language orders and inflects them its own way.
 */
import type { Numbers } from './format.ts';

/** What a sentence of the feed may name; what is not known any more is null. */
export interface FeedNames {
  readonly offer: string | null;
  readonly gate: string | null;
  readonly device: string | null;
}

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);
const offer = (names: FeedNames): string =>
  names.offer === null ? 'an offer' : `“${names.offer}”`;
const at = (names: FeedNames): string => (names.gate === null ? '' : ` at ${names.gate}`);

export const en = {
  language: 'en',
  product: 'Party Dibs',

  common: {
    retry: 'Try again',
    signOut: 'Sign out',
    skip: 'Skip to content',
    back: 'All events',
    loadMore: 'Show more',
  },

  problems: {
    unreachable: 'No answer from the hub. Check your connection, then try again.',
    fault: 'Something broke on our side. Try again in a moment.',
    busy: 'The hub is catching its breath. Try again in a moment.',
    tooMany: (seconds: number | null) => {
      if (seconds === null) return 'Too many tries. Wait a little.';
      if (seconds < 90)
        return `Too many tries. Wait ${seconds} ${plural(seconds, 'second', 'seconds')}.`;
      return `Too many tries. Wait ${Math.ceil(seconds / 60)} minutes.`;
    },
    fields: 'Please check the marked fields.',
    other: 'That did not work.',
  },

  account: {
    tagline: 'Every voucher of the night, live.',
    signIn: 'Sign in',
    signInTitle: 'Welcome back',
    register: 'Create account',
    registerTitle: 'Start your first party',
    toRegister: 'New here? Create an account',
    toSignIn: 'Have an account? Sign in',
    email: 'E-mail',
    password: 'Password',
    newPassword: 'New password',
    passwordHint: (least: number) => `At least ${least} characters. A short sentence is fine.`,
    tooShort: (least: number) => `Use at least ${least} characters.`,
    name: 'Your name',
    nameHint: 'Only other organizers of your events see it.',
    show: 'Show password',
    wrong: 'E-mail or password is wrong.',
    taken: 'There is an account with this e-mail already. Sign in instead.',
    required: 'Please fill this in.',
    badEmail: 'This does not look like an e-mail address.',
    starting: 'Looking for your session …',
    ended: {
      'signed-out': 'You are signed out.',
      expired: 'Your session is over. Please sign in again.',
      elsewhere: 'You signed out in another tab.',
      'new-password': 'Your password is saved. Sign in with it.',
      revoked: 'This session was ended from elsewhere. Please sign in again.',
    },
    setTitle: 'Choose your password',
    setLead: 'This link works once. Afterwards sign in with your e-mail and this password.',
    set: 'Save password',
    linkDead: 'This link has been used already or is too old. Ask for a new one.',
  },

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
    title: 'Your events',
    loading: 'Loading your events …',
    empty: 'No events yet',
    emptyLead: 'Events that you create or join show up here.',
    emptyHow: 'You create one with',
    apiDocs: 'the API',
    failed: 'Your events could not be loaded.',
    status: { draft: 'Draft', open: 'Open', closed: 'Closed' },
  },

  live: {
    loading: 'Opening the live view …',
    loadingLong: 'Still trying to reach the hub …',
    live: 'Live',
    connecting: 'Connecting …',
    lost: 'Not live',
    lostLead: (time: string | null) =>
      time === null
        ? 'No connection. Trying again …'
        : `No connection. These numbers are from ${time}. Trying again …`,
    again: 'Live again',
    tryNow: 'Try now',
    refusedTitle: 'This event is not yours',
    refused: 'It does not exist, or you are no longer on its team.',
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

  /** What happened, as a sentence of the feed. `who` is "Guest", "Organizer" or a device's label. */
  feed: {
    entry: (
      kind: string,
      who: string,
      names: FeedNames,
      data: Record<string, unknown>,
      n: Numbers,
    ): string => {
      const units = Number(data['units'] ?? 1);
      const times = units > 1 ? `${n.count(units)} × ` : '';
      switch (kind) {
        case 'event.created':
          return `${who} created the event`;
        case 'event.updated':
          return `${who} changed the event’s details`;
        case 'event.opened':
          return `${who} opened the event`;
        case 'event.closed':
          return `${who} closed the event`;
        case 'gate.created':
          return `${who} added the gate ${names.gate ?? ''}`.trim();
        case 'gate.updated':
          return `${who} changed the gate ${names.gate ?? ''}`.trim();
        case 'gate.deleted':
          return `${who} removed ${names.gate === null ? 'a gate' : `the gate ${names.gate}`}`;
        case 'offer.created':
          return `${who} added ${offer(names)}`;
        case 'offer.updated': {
          const status = (data['changes'] as { status?: string } | undefined)?.status;
          if (status === 'paused') return `${who} paused ${offer(names)}`;
          if (status === 'active') return `${who} resumed ${offer(names)}`;
          return `${who} changed ${offer(names)}`;
        }
        case 'offer.deleted':
          return `${who} removed ${offer(names)}`;
        case 'vouchers.issued': {
          const count = Number(data['count'] ?? 0);
          return `${who} issued ${n.count(count)} ${plural(count, 'code', 'codes')} of ${offer(names)}`;
        }
        case 'voucher.claimed':
          return `${who} called dibs on ${offer(names)}`;
        case 'voucher.released':
          return `${who} gave ${offer(names)} back`;
        case 'voucher.voided':
          return `${who} voided a voucher of ${offer(names)}`;
        case 'voucher.redeemed':
          return `${who} redeemed ${times}${offer(names)}${at(names)}`;
        case 'redemption.reversed':
          return `${who} took back ${times}${offer(names)}${at(names)}`;
        case 'device.created':
          return `${who} added the device ${names.device ?? ''}`.trim();
        case 'device.updated':
          return `${who} changed the device ${names.device ?? ''}`.trim();
        case 'device.paired':
          return `${names.device ?? 'A device'} was paired`;
        case 'device.revoked':
          return `${who} revoked ${names.device ?? 'a device'}`;
        case 'conflict.opened':
          return `A door let someone in offline${at(names)}, and the hub would not have: ${offer(names)}`;
        case 'conflict.resolved':
          return `${who} settled a conflict`;
        default:
          return `${who}: ${kind}`;
      }
    },
    refused: (reason: string, who: string, names: FeedNames): string => {
      const what = names.offer === null ? 'a code' : `“${names.offer}”`;
      return `${who} refused ${what}${at(names)}: ${en.feed.reasons[reason] ?? reason}`;
    },
    reasons: {
      unknown_code: 'unknown code',
      voided: 'voided',
      event_not_open: 'the event is not open',
      offer_paused: 'the offer is paused',
      not_claimed: 'nobody claimed it',
      wrong_gate: 'wrong gate',
      not_yet_valid: 'too early',
      expired: 'too late',
      already_redeemed: 'already used',
      insufficient_uses: 'not that many uses left',
    } as Record<string, string>,
  },
};

export type Catalogue = typeof en;
