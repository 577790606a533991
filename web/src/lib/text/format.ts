/** Numbers and times in the reader's locale; times in the zone of the event. */

export interface Numbers {
  count(value: number): string;
}

/** The reader's locale; undefined: what the browser says. */
let readers: string | undefined;

/** Sets the locale of every `Format` made from now on without one of its own. */
export function formatIn(locale: string): void {
  readers = locale;
}

export class Format implements Numbers {
  readonly #locale: string | undefined;
  readonly #timeZone: string | undefined;
  readonly #count: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #ago: Intl.RelativeTimeFormat;

  /** `locale` undefined: the reader's own; `timeZone` undefined: the device's. */
  constructor(locale: string | undefined = readers, timeZone?: string) {
    this.#locale = locale;
    this.#timeZone = timeZone;
    this.#count = new Intl.NumberFormat(locale);
    this.#time = this.#dates({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
    this.#clock = this.#dates({ hour: '2-digit', minute: '2-digit' });
    this.#date = this.#dates({
      weekday: 'short',
      day: 'numeric',
      // Lithuanian has no short names of months, only numbers.
      month: locale?.startsWith('lt') ? 'long' : 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
    this.#ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  }

  count(value: number): string {
    return this.#count.format(value);
  }

  /** The time of day, to the second. */
  time(at: string | number): string {
    return this.#time.format(new Date(at));
  }

  /** The time of day, to the minute. */
  clock(at: string | number): string {
    return this.#clock.format(new Date(at));
  }

  /** The day and the time, to the minute. */
  moment(at: string | number): string {
    return this.#date.format(new Date(at));
  }

  /** From when to when, with the day. */
  span(from: string, to: string): string {
    return this.#date.formatRange(new Date(from), new Date(to));
  }

  /** How long ago in the largest unit that fits. `now`: milliseconds since 1970. */
  ago(at: string, now: number): string {
    const seconds = Math.round((new Date(at).getTime() - now) / 1000);
    if (seconds > -60) return this.#ago.format(Math.min(0, seconds), 'second');
    if (seconds > -3_600) return this.#ago.format(Math.round(seconds / 60), 'minute');
    if (seconds > -86_400) return this.#ago.format(Math.round(seconds / 3_600), 'hour');
    return this.#ago.format(Math.round(seconds / 86_400), 'day');
  }

  #dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const zoned = this.#timeZone === undefined ? options : { ...options, timeZone: this.#timeZone };
    try {
      return new Intl.DateTimeFormat(this.#locale, zoned);
    } catch {
      // A zone that this browser does not know yet: the device's own is the honest second choice.
      return new Intl.DateTimeFormat(this.#locale, options);
    }
  }
}
