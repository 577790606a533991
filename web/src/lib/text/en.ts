/**
 * The words that lib itself and every app show, in English. A further language is a file of the same shape (`Catalogue`);
 * sentences with numbers or names are functions, so that each language orders and inflects them its own way.
 * What only one app says is in that app's own catalogue.
 */
import { pluralOf } from './plural.ts';

const plural = pluralOf('en');

export const en = {
  product: 'Party Dibs',

  common: {
    retry: 'Try again',
    signOut: 'Sign out',
    skip: 'Skip to content',
    loadMore: 'Show more',
    required: 'Please fill this in.',
    showPassword: 'Show password',
  },

  problems: {
    unreachable: 'No answer from the hub. Check your connection, then try again.',
    fault: 'Something broke on our side. Try again in a moment.',
    busy: 'The hub is catching its breath. Try again in a moment.',
    tooMany: (seconds: number | null): string => {
      if (seconds === null) return 'Too many tries. Wait a little.';
      if (seconds < 90)
        return `Too many tries. Wait ${seconds} ${plural(seconds, 'second', 'seconds')}.`;
      return `Too many tries. Wait ${Math.ceil(seconds / 60)} minutes.`;
    },
    fields: 'Please check the marked fields.',
    other: 'That did not work.',
  },

  connection: {
    live: 'Live',
    connecting: 'Connecting …',
    lost: 'Not live',
    /** `time`: the time of day that what is shown is from; null: nothing is shown yet. */
    lostLead: (time: string | null): string =>
      time === null
        ? 'No connection. Trying again …'
        : `No connection. These numbers are from ${time}. Trying again …`,
    again: 'Live again',
    tryNow: 'Try now',
  },
};

export type Catalogue = typeof en;
