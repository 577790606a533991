/** The inbox, sharing, the team, the rate and the replay. */
import type { Role } from '../../../lib/api/types.ts';

export const inbox = {
  page: 'Inbox',
  lead: 'What doors did without a connection and the hub would not have done, and what they refused.',
  conflicts: 'To settle',
  noConflicts: 'Nothing to settle',
  noConflictsLead: 'When a door works without a network, what does not add up later shows up here.',
  settled: (count: number): string => `${count} settled`,
  title: (reason: string): string => `Let in offline, but: ${reason}`,
  /** Where the hub refused nothing, and a person should look all the same. */
  titles: {
    late: 'Let in offline, told long afterwards',
    clock: 'Let in offline by a phone whose clock was wrong',
    reversed: 'Let in, but taken back meanwhile',
    turned_away: 'Turned away, but redeemed',
  } as Readonly<Record<string, string>>,
  reasons: {
    late: 'told more than 12 hours later; counted all the same',
    clock: 'the time decided, and may have been another; counted all the same',
    reversed: 'somebody took the redemption back before the door heard of it',
    turned_away: 'redeemed; the answer did not reach the door',
  } as Readonly<Record<string, string>>,
  atDoor: 'At the door',
  atHub: 'What the hub knows',
  let: (units: number, when: string): string => `let in ${units > 1 ? `${units} × ` : ''}${when}`,
  turnedAway: (when: string): string => `turned away ${when}`,
  told: (when: string): string => `told ${when}`,
  clock: 'The phone’s clock may be wrong.',
  before: (where: string, when: string): string =>
    `Used before: ${[where, when].filter(Boolean).join(', ')}`,
  settle: 'Settle it',
  how: 'How it is settled',
  outcomes: {
    accepted_as_is: 'It stays as it is',
    guest_informed: 'The guest was told',
    dismissed: 'It does not matter',
  },
  reason: 'In a few words',
  attempts: 'Refused at the door',
  noAttempts: 'Nothing refused yet',
  noAttemptsLead: 'Codes that a door says no to appear here the moment it happens.',
};

export const share = {
  page: 'Share',
  lead: 'Put the first link on posters and invitations, keep the second for your crew.',
  guests: 'For guests',
  draft: 'The page answers as soon as you open the event.',
  qr: (name: string): string => `QR code of the guest page of ${name}`,
  withCode: 'Guests are asked for the access code:',
  print: 'Print',
  doors: 'For the doors',
  doorsLead: 'The crew opens this on their phones and types the pairing code.',
  toDoors: 'Pair phones',
};

export const team = {
  page: 'Team',
  lead: 'Everybody signs in with an account of their own.',
  members: 'Members',
  you: '(you)',
  role: 'Role',
  roles: {
    owner: 'Owner',
    manager: 'Manager',
    viewer: 'Viewer',
    door: 'Door staff',
  } satisfies Record<Role, string>,
  may: {
    owner: 'does everything, and decides who is on the team',
    manager: 'changes the event, its offers, codes and doors',
    viewer: 'watches, and sees no whole codes',
    door: 'redeems vouchers',
  } satisfies Record<Role, string>,
  invite: 'Invite somebody',
  email: 'For this e-mail only',
  emailHint: 'Empty: whoever has the link may use it, once.',
  makeLink: 'Make a link',
  linkMade: (role: string): string => `Here is the link (${role}). Pass it on yourself.`,
  linkLead: (until: string): string => `It works once, until ${until}, and is shown only now.`,
  changeTitle: (name: string): string => `Change the role of ${name}?`,
  changeLead: (from: string, to: string): string => `From ${from} to ${to}:`,
  change: 'Change it',
  leave: 'Leave',
  removeTitle: (name: string): string => `Take ${name} off the team?`,
  removeLead: 'They lose sight of the event within a second, everywhere.',
  lastOwner: 'An event keeps at least one owner. Make somebody else an owner first.',
};

export const rate = {
  title: 'By the minute',
  loading: 'Loading the minutes …',
  split: 'Lines',
  all: 'All',
  byOffer: 'By offer',
  byGate: 'By gate',
  measure: 'What is counted',
  range: 'How far back',
  minutes: (count: number): string => `${count} min`,
  hours: (count: number): string => `${count} h`,
  night: 'All',
  nothing: 'Nothing to draw yet.',
  summary: (now: string, peak: string): string =>
    `Chart of claims and redemptions by the minute. This minute: ${now}. Most in a minute: ${peak}.`,
};

export const replay = {
  start: 'Replay the night',
  title: 'As it was at',
  back: 'Back to live',
  loading: 'Loading the ledger …',
  failed: 'The ledger could not be loaded.',
  line: 'Moment of the night',
  entry: (seq: string, of: string): string => `entry ${seq} of ${of}`,
  play: 'Play',
  pause: 'Pause',
  previous: 'Entry back',
  next: 'Next entry',
  speed: 'Speed',
};
