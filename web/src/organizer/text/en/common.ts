/** Words of the whole app, beside those that all apps share. */
export const common = {
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  saved: 'Saved.',
  edit: 'Edit',
  remove: 'Delete',
  done: 'Done',
  yes: 'yes',
  no: 'no',
  copy: 'Copy',
  copied: 'Copied',
  copyFailed: 'This browser did not let us copy. Select the text instead.',
  loading: 'Loading …',
  partFailed: 'This part of the app could not be loaded.',
  reload: 'Reload the page',
};

export const nav = {
  label: 'Pages of the event',
  live: 'Overview',
  offers: 'Offers',
  codes: 'Codes',
  doors: 'Doors',
  inbox: 'Inbox',
  share: 'Share',
  team: 'Team',
  settings: 'Settings',
};

export const forms = {
  refused: 'This value was not accepted.',
  badTime: 'Please enter a date and a time.',
  endBeforeStart: 'The end must be after the start.',
  wholeNumber: (least: number, most: number): string =>
    `Enter a whole number from ${least} to ${most}.`,
  span: (from: string | null, until: string | null): string => {
    if (from === null) return `until ${until}`;
    return until === null ? `from ${from}` : `${from} – ${until}`;
  },
  moved:
    'Somebody else changed something here meanwhile. It is shown already; your changes are kept.',
  contested: 'Somebody else changed this meanwhile. What should it be?',
  theirs: 'Theirs, saved now',
  mine: 'Yours, not saved yet',
  takeTheirs: 'Take theirs',
  keepMine: 'Keep mine',
  nothing: '(empty)',
  chooseFirst: 'Choose below which values should stay, then save.',
  overtaken:
    'Somebody else was quicker, so nothing was saved yet. Look at what changed, then save again.',
  changedMeanwhile: 'Somebody changed this at the same moment. Look at it, then try again.',
};

/** What the hub's kinds of problems mean. */
export const kinds: Readonly<Record<string, string>> = {
  slug_taken: 'Another event has this address already.',
  last_owner: 'An event keeps at least one owner.',
  already_member: 'You are on this team already.',
  codes_taken: 'Some of these codes are alike, or the event has them already:',
  forbidden: 'Your role in this event does not allow that.',
  'not-found': 'It is not there any more.',
  stale: 'Somebody changed this in the meantime.',
  'too-large': 'That is too large.',
};
