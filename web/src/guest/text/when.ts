/** Times in the zone of the event and the reader's locale. */

import { locale } from './index.ts';

const DAY = 86_400_000;

export class When {
  readonly #locale: string | undefined;
  readonly #zone: string | undefined;

  /** `zone`: an IANA name; `locale` undefined: the reader's own. */
  constructor(zone?: string, ownLocale: string | undefined = locale) {
    this.#locale = ownLocale;
    // A zone that this browser does not know: the device's own is the honest second choice.
    this.#zone = zone !== undefined && isKnown(zone) ? zone : undefined;
  }

  /** From when to when, with the days. */
  span(from: string, to: string): string {
    return this.#format(this.#day).formatRange(new Date(from), new Date(to)) + this.#suffix(from);
  }

  /** The time of day, with the day where that is not today. `now`: milliseconds since 1970. */
  at(moment: string | number, now: number): string {
    const day = this.#format({ dateStyle: 'short' });
    const isToday = day.format(new Date(moment)) === day.format(now);
    return this.#format(isToday ? TIME : this.#day).format(new Date(moment));
  }

  /** How long still, counting down: 2 days, then 5:04:09, then 04:09. `ms`: milliseconds. */
  countdown(ms: number): string {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    if (seconds * 1000 >= 2 * DAY)
      return new Intl.NumberFormat(this.#locale, {
        style: 'unit',
        unit: 'day',
        unitDisplay: 'long',
      }).format(Math.floor((seconds * 1000) / DAY));
    const two = (value: number): string => String(value).padStart(2, '0');
    const hours = Math.floor(seconds / 3600);
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return hours > 0 ? `${hours}:${rest}` : rest;
  }

  count(value: number): string {
    return new Intl.NumberFormat(this.#locale).format(value);
  }

  get #day(): Intl.DateTimeFormatOptions {
    // Lithuanian has no short names of months, only numbers.
    const month = this.#locale?.startsWith('lt') ? 'long' : 'short';
    return { weekday: 'short', day: 'numeric', month, ...TIME };
  }

  /** Names the zone where its clocks differ from the reader's. */
  #suffix(moment: string): string {
    const here = new Intl.DateTimeFormat('en', { ...DIGITS }).format(new Date(moment));
    const there = this.#format(DIGITS, 'en').format(new Date(moment));
    if (here === there) return '';
    const name = this.#format({ timeZoneName: 'shortGeneric' })
      .formatToParts(new Date(moment))
      .find(({ type }) => type === 'timeZoneName');
    return name === undefined ? '' : ` (${name.value})`;
  }

  #format(options: Intl.DateTimeFormatOptions, locale = this.#locale): Intl.DateTimeFormat {
    return new Intl.DateTimeFormat(
      locale,
      this.#zone === undefined ? options : { ...options, timeZone: this.#zone },
    );
  }
}

const TIME = { hour: '2-digit', minute: '2-digit' } as const;
const DIGITS = { dateStyle: 'short', timeStyle: 'short' } as const;

function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
