/** Words of what is no part of every first load: the large voucher, links, the way in, the wallet, a voucher's page. */
import { pluralOf } from '../../../lib/text/plural.ts';

const plural = pluralOf('en');

export const en = {
  join: {
    title: 'Before you call dibs',
    code: 'Access code',
    codeHint: 'The organizers told it to their guests.',
    codeWrong: 'This is not the access code of this event.',
    codeMissing: 'Please enter the access code.',
    name: 'Your name',
    nameOptional: 'Your name (if you like)',
    nameHint: 'Only the organizers and their doors see it.',
    nameMissing: 'Please enter your name.',
    go: 'Call dibs',
    skip: 'Without a name',
    cancel: 'Not now',
  },

  voucher: {
    qr: (title: string) => `QR code of the voucher “${title}”`,
    show: 'Show this at the door',
    bright: 'Screen brightness up',
    code: 'Code',
    used: 'Used. Enjoy!',
    usedAt: (time: string) => `Used ${time}`,
    usedOnce: (left: number) => `Scanned. Enjoy! ${left} more ${plural(left, 'time', 'times')}.`,
    undone: 'The door took it back: your voucher is good again.',
    voided: 'Not valid any more',
    voidedLead: 'The organizers withdrew it.',
    released: 'Given back',
    notYet: (time: string) => `Valid from ${time}`,
    over: (time: string) => `Was valid until ${time}`,
    giveBack: 'Give it back',
    giveBackTitle: 'Give it back?',
    giveBackLead: 'Somebody else can have it then. Your code stops working at once.',
    giveBackYes: 'Yes, give it back',
    giveBackNo: 'Keep it',
    givenBack: 'Given back. Somebody will be glad.',
    giveBackUsed: 'It was used already and cannot be given back.',
  },

  wallet: {
    empty: 'No vouchers here yet',
    emptyLead:
      'Open the page of your event (its link or its QR code) and call dibs. What you get waits here, even without a network.',
    ready: 'Ready',
    past: 'Used and over',
    toEvent: 'To the event',
    stale: (time: string) => `As of ${time}`,
    ended: {
      expired: 'Over: vouchers are kept until 30 days after the event.',
      gone: 'The hub does not know this wallet any more: the event was removed, or your place on its list.',
    },
    forget: 'Remove from this phone',
    noName: 'An event',
    none: 'No vouchers of this event.',
  },

  carry: {
    title: 'Take them along',
    lead: 'Scan this with your other device, or open the link there. It works once.',
    make: 'To another device',
    making: 'Making a link …',
    back: 'Back to the voucher',
    qr: 'QR code of the link that opens these vouchers on another device',
    copy: 'Copy link',
    copied: 'Copied',
    share: 'Send',
    left: 'Good for',
    over: 'This link is too old.',
    anew: 'New link',
    secret: 'Whoever opens it has your vouchers, too.',
    opening: 'Opening your vouchers …',
    opened: 'Your vouchers are on this device now.',
    dead: 'This link was used already or is too old. Make a new one on the device that has your vouchers.',
    failedTitle: 'The link could not be opened',
    paste: 'Have vouchers on another device?',
    pasteLead:
      'Choose “To another device” there, and paste the link here. An installed app has a wallet of its own.',
    pasteLabel: 'Link',
    pasteWrong: 'This is not a link to a wallet.',
    pasteDo: 'Open',
  },

  code: {
    title: 'Voucher',
    loading: 'Looking at the voucher …',
    unknownTitle: 'We do not know this code',
    unknown:
      'Nobody can look it up here. Codes that the organizers made themselves are known to the door only: show it there.',
    ready: 'Good to go',
    readyLead: 'Show this code at the door.',
    free: 'Nobody has it yet',
    freeLead: 'It becomes good when somebody calls dibs on the event’s page.',
    used: 'Used already',
    usedLead: 'This code was scanned at the door.',
    dead: 'Not valid any more',
    deadLead: 'It was given back or withdrawn. No door takes it.',
    closed: 'The event is closed: doors take nothing more.',
    mine: 'This is yours',
    event: 'To the event',
    checked: (time: string) => `As of ${time}`,
  },
};

export type Catalogue = typeof en;
