/** Every word of the door, in English. Sentences with numbers or names are functions: each language orders them its own way. */
import { pluralOf } from '../../lib/text/plural.ts';

const plural = pluralOf('en');

/** Where and by whom a voucher was used; what is not known is null. */
export interface UsedAt {
  readonly ago: string;
  readonly gate: string | null;
  readonly device: string | null;
}

const where = ({ gate, device }: Omit<UsedAt, 'ago'>): string =>
  `${gate === null ? '' : ` at ${gate}`}${device === null ? '' : ` by ${device}`}`;

export const en = {
  door: 'Door',
  close: 'Close',
  cancel: 'Cancel',

  start: {
    opening: 'Opening the door …',
    noStorage: 'This browser keeps nothing, so a scan could get lost.',
    noStorageLead:
      'Private windows and blocked site data do that. Open this page in a normal window, then try again.',
    elsewhere: 'Another window of this phone is the door now.',
    elsewhereLead: 'Only one of them scans, so that nobody gets in once at each.',
    here: 'Work in this window',
  },

  pairing: {
    title: 'Pair this phone',
    lead: 'Ask the organizer for a pairing code. It is valid for 15 minutes.',
    leadLink: 'The link brought its pairing code along. One tap, and it is a door.',
    scan: 'Scan the pairing code',
    scanning: 'Point the camera at the pairing code on the organizer’s screen.',
    stop: 'Stop the camera',
    code: 'Pairing code',
    codeHint: '8 characters. Capitals, spaces and dashes do not matter.',
    codeShort: (left: number) => `${left} ${plural(left, 'character', 'characters')} to go.`,
    codeLong: 'That is more than 8 characters. Check it once more.',
    pair: 'Pair this phone',
    pairing: 'Pairing …',
    notPairing: 'That is no pairing code. Guests’ codes are scanned once this phone is paired.',
    wrong: 'This code is wrong, used or too old. Ask for a new one.',
    againTitle: 'Pair this phone anew?',
    againLead: (label: string, event: string) =>
      `It is “${label}” of ${event} now, and will stop being it.`,
    again: 'Pair anew',
    keep: 'Stay as it is',
  },

  ended: {
    title: 'This phone is no door any more',
    device_revoked: 'The organizer took it out.',
    paired_again: 'Another phone was paired in its place.',
    expired: 'Its time at this event is over, or the organizer took it out.',
    left: 'It left the event.',
    other: 'Its session was ended.',
    waiting: (count: number) =>
      `${count} ${plural(count, 'scan', 'scans')} had no answer yet. They stay on this phone and are sent once it is paired with the same event again.`,
  },

  link: {
    live: 'Live',
    connecting: 'Connecting …',
    lost: 'No connection',
    lostAlone: 'This phone judges alone. Its scans are brought in by themselves later.',
    lostAsks: 'Scans are kept and asked again by themselves.',
    again: 'Connected again',
    tryNow: 'Try now',
    waiting: (count: number) =>
      `${count} ${plural(count, 'scan waits', 'scans wait')} for an answer`,
    book: (here: string, of: string) => `Getting ready to work without a network: ${here} of ${of}`,
    aside: (count: number) =>
      `The hub cannot take ${count} ${plural(count, 'scan', 'scans')}. See “Last scans”.`,
    clock: 'The clock of this phone was changed. Its times are checked once it is connected.',
    pending: (count: number) => `${count} not confirmed`,
  },

  event: {
    draft: 'The event is not open yet: every code is refused.',
    closed: 'The event is closed: every code is refused.',
    noGate: 'No gate',
    atGate: (count: string) => `${count} here`,
  },

  camera: {
    label: 'Camera picture. Hold the guest’s QR code into the frame.',
    aim: 'Hold the QR code into the frame',
    start: 'Start the camera',
    starting: 'The camera starts …',
    resting: 'The camera rests',
    restingLead: 'Tap to scan on.',
    denied: 'The camera is blocked',
    deniedLead:
      'Allow it for this page in the browser’s settings, then try again. Typing works meanwhile.',
    none: 'No camera here',
    noneLead: 'Type codes, or use a scanner that types.',
    busy: 'Another app has the camera',
    busyLead: 'Close it there, then try again.',
    insecure: 'The camera needs a secure address',
    insecureLead: 'Open this page with https. Typing works meanwhile.',
    failed: 'The camera does not start',
    failedLead: 'Try again, or type codes meanwhile.',
    torch: 'Light',
    torchOn: 'Switch the light on',
    torchOff: 'Switch the light off',
  },

  bar: {
    type: 'Type code',
    search: 'Find guest',
    recent: 'Last scans',
    menu: 'Menu',
    units: 'Uses per scan',
    fewer: 'One use less',
    more: 'One use more',
    times: (units: number) => `× ${units}`,
    silent: 'Tap anywhere for sound',
  },

  type: {
    title: 'Type a code',
    label: 'Code',
    hint: 'Capitals, spaces and dashes do not matter. O counts as 0, I and L as 1.',
    reads: 'It reads',
    empty: 'Type what stands below the QR code.',
    bad: 'There is a character that no code has.',
    long: 'This is longer than any code.',
    short: (left: number) => `${left} more ${plural(left, 'character', 'characters')} at least.`,
    check: 'Check',
  },

  search: {
    title: 'Find a guest',
    label: 'Name of the guest',
    hint: 'A part of the name is enough.',
    find: 'Find',
    looking: 'Looking …',
    nothing: (name: string) => `Nobody with “${name}” in the name has a voucher.`,
    found: (count: number) => `${count} ${plural(count, 'voucher', 'vouchers')} found`,
    many: 'There may be more: type more of the name.',
    redeem: 'Redeem',
    redeemFor: (offer: string, name: string) => `Redeem ${offer} for ${name}`,
    sure: (units: number, name: string) =>
      units === 1 ? `Yes, for ${name}` : `Yes, ${units} for ${name}`,
    used: 'Used',
    left: (left: number, all: number) => `${left} of ${all} left`,
    dead: 'Void',
    justUsed: (gate: string | null) =>
      gate === null ? 'Used just now' : `Used just now at ${gate}`,
    noMore: 'This phone may not search any more. The organizer can allow it again.',
  },

  recent: {
    title: 'Last scans',
    here: 'This phone',
    elsewhere: 'Other doors',
    none: 'No scans yet',
    noneLead: 'What this phone scans appears here, and can be undone for 15 minutes.',
    noneElsewhere: 'Quiet so far',
    noneElsewhereLead: 'What other doors redeem appears here at once.',
    undo: 'Undo',
    undoOf: (offer: string, time: string) => `Undo ${offer} of ${time}`,
    sure: 'Yes, undo it',
    undoing: 'Undoing …',
    undone: 'Undone: the voucher is good again',
    undoWaits: 'No answer yet. It is asked again.',
    undoRefused: {
      too_late: 'Too late to undo here. A manager still can.',
      not_yours: 'Another door redeemed it. It can be undone there.',
      already_reversed: 'Undone already.',
    },
    undoFailed: 'It could not be undone.',
    units: (units: number, offer: string) => (units === 1 ? offer : `${units} × ${offer}`),
    since: {
      redeemed: (label: string, gate: string | null) =>
        `Then used${where({ gate, device: label })}`,
      reversed: (label: string) => `Undone by ${label}: the voucher is good again`,
      voided: (label: string) => `Then cancelled by ${label}`,
    },
    words: { admit: 'Yes', offline: 'Yes, not confirmed', used: 'Used', deny: 'No', wait: 'Waits' },
    asking: 'Asking …',
    seen: 'Noted',
    seenOf: (time: string) => `Noted: the scan of ${time}`,
    unknown: 'Unknown code',
    by: (device: string, gate: string | null) => (gate === null ? device : `${device} · ${gate}`),
    reversedBy: (device: string, gate: string | null) =>
      `${device}${gate === null ? '' : ` · ${gate}`} · undone`,
  },

  menu: {
    title: 'Menu',
    gate: 'Gate',
    gateLocked: 'The organizer fixed this phone to its gate.',
    gateFailed: 'The gate was not changed.',
    camera: 'Camera',
    cameraAuto: 'The one at the back',
    cameraNumber: (number: number) => `Camera ${number}`,
    look: 'Look',
    dark: 'Dark',
    auto: 'As the phone',
    language: 'Language',
    staff: 'Who is at this door',
    staffHint: 'The organizer sees it beside what this phone did without a network.',
    patience: 'Wait for the hub at most',
    seconds: (seconds: number) => `${seconds} s`,
    sound: 'Sound',
    on: 'On',
    off: 'Off',
    stays: 'A verdict stays',
    staysShort: 'A few seconds',
    staysLong: 'Until you go on',
    test: 'Try sound and vibration',
    about: (label: string, event: string) => `This phone is “${label}” of ${event}.`,
    alone: 'It is ready to work without a network.',
    notAlone: 'It is not ready to work without a network yet.',
    update: 'A new version is ready',
    updateLead: 'It starts when this page is opened anew. Do it between two guests.',
    updateWaits: 'It can start once no scan waits for an answer.',
    updateNow: 'Start it now',
    leave: 'Unpair this phone',
    leaveLead: 'Afterwards it needs a new pairing code.',
    leaveWaiting: (count: number) =>
      `${count} ${plural(count, 'scan has', 'scans have')} no answer yet: ${plural(count, 'it stays', 'they stay')} unsent until this phone is paired with the same event again.`,
    leaveSure: 'Yes, unpair it',
  },

  verdict: {
    words: { admit: 'Yes', offline: 'Yes', used: 'Used', deny: 'No', wait: 'Wait' },
    gives: (units: number, offer: string) => `${units} × ${offer}`,
    forGuest: (name: string) => `for ${name}`,
    left: (left: number, all: number) =>
      left === 0 ? `That was the last of ${all}` : `${left} of ${all} left`,
    provisional: 'Judged by this phone alone. Not confirmed yet.',
    late: (time: string) => `Scanned at ${time}`,
    asking: 'Asking …',
    waiting: 'No answer yet',
    waitingDo:
      'Do not hand anything out. It is asked again by itself; scan it again to come back here.',
    justNow: 'just now',
    replayedElsewhere: (use: UsedAt) => `Counted ${use.ago}${where(use)}`,
    used: (use: UsedAt) => `Used ${use.ago}${where(use)}`,
    usedHere: (use: UsedAt) =>
      `You scanned it ${use.ago}${use.gate === null ? '' : ` at ${use.gate}`}`,
    reasons: {
      unknown_code: 'Nobody knows this code',
      voided: 'This voucher was cancelled',
      event_not_open: 'The event is not open',
      offer_paused: 'This offer is paused',
      not_claimed: 'Nobody called dibs on it yet',
      wrong_gate: 'Not at this gate',
      not_yet_valid: 'Too early',
      expired: 'Too late',
      already_redeemed: 'Used up',
      leased: 'Another door has it',
      insufficient_uses: 'Not that many left',
      online_only: 'Needs a connection',
      not_lent: 'Not without a connection',
      not_in_book: 'This phone does not know it',
    } as Readonly<Record<string, string>>,
    tooMany: 'Too many',
    onlyLeft: (left: number) => `Only ${left} left`,
    from: (time: string) => `Good from ${time}`,
    until: (time: string) => `Was good until ${time}`,
    goodAt: (gates: string) => `Good at: ${gates}`,
    whatToDo: {
      unknown_code: 'Scan it again, or type it. Still unknown? Send the guest to the organizer.',
      voided: 'It stays so. The organizer can give another one.',
      event_not_open: 'Ask the organizer to open it, then scan again.',
      offer_paused: 'Ask the guest to come back later.',
      not_claimed: 'The guest calls dibs on the event’s page first.',
      wrong_gate: 'Send the guest there.',
      not_yet_valid: 'Ask the guest to come back then.',
      expired: 'It cannot be used any more.',
      already_redeemed:
        'Nothing more to hand out. A mistake? Undo it in “Last scans” of that phone.',
      leased:
        'Send the guest to the door that scanned it first, or ask the organizer to recall it.',
      insufficient_uses: 'Take fewer, or send the guest to the organizer.',
      online_only: 'Scan it again once this phone is connected.',
      not_lent:
        'Send the guest to the door that scanned it first, or scan it again once connected.',
      not_in_book:
        'It may be new. Scan it again once connected, or send the guest to another door.',
    } as Readonly<Record<string, string>>,
    otherReason: 'Not good here',
    problem: 'The hub could not take this scan',
    problemDo: 'Nothing was redeemed. Scan it again, or ask the organizer.',
    notStored: 'This phone could not keep the scan',
    notStoredDo: 'Nothing was asked. Free some space on the phone, then scan again.',
    next: 'Next guest',
    undo: 'Undo',
    another: 'Use one more',
    take: (units: number) => `Use ${units}`,
  },
};

export type Catalogue = typeof en;
