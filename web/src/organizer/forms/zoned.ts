/** Times as people enter them: the wall clock of a zone (`2026-07-04T21:00`, as inputs have it) and the moment it means. */

/** The wall clock in that zone, to the minute. `at`: RFC 3339; null gives the empty string. */
export function toZoned(at: string | null, zone: string): string {
  return at === null ? '' : wallClock(new Date(at).getTime(), zone).slice(0, 16);
}

/**
 * The moment at which the zone's clocks show this, as RFC 3339 in UTC; null for what is no time.
 *
 * Where clocks are put back and show it twice it is the first time; where they skip it, the moment as long after the jump.
 */
export function fromZoned(local: string, zone: string): string | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local)) return null;
  const asUtc = Date.parse(`${local.slice(0, 16)}:00Z`);
  if (Number.isNaN(asUtc)) return null;
  // The zone's offset around that time, on both sides of a change of clocks.
  const [before, after] = [-DAY, DAY].map((shift) => offset(asUtc + shift, zone)) as [
    number,
    number,
  ];
  const candidates = [asUtc - before, asUtc - after];
  const exact = candidates.filter((moment) => moment + offset(moment, zone) === asUtc);
  const moment = exact.length > 0 ? Math.min(...exact) : asUtc - before;
  return new Date(moment).toISOString().replace('.000Z', 'Z');
}

/** The zone's difference from UTC as people write it, e.g. "UTC+3". */
export function offsetName(zone: string, at: number): string {
  const minutes = offset(at, zone) / 60_000;
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  if (minutes === 0) return 'UTC';
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/** The zones that this browser knows, and `own` in any case. */
export function zones(own: string): string[] {
  const known = new Set(Intl.supportedValuesOf('timeZone'));
  return [...known.add('UTC').add(own)].sort();
}

/** The zone of this device. */
export function hereZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const DAY = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that the zone's clocks are ahead of UTC at that moment. */
function offset(at: number, zone: string): number {
  const whole = Math.floor(at / 1000) * 1000;
  return Date.parse(`${wallClock(whole, zone)}Z`) - whole;
}

function wallClock(at: number, zone: string): string {
  // Swedish writes 2026-07-04 21:00:00.
  return clock(zone).format(at).replace(' ', 'T');
}

function clock(zone: string): Intl.DateTimeFormat {
  let known = clocks.get(zone);
  if (known === undefined) {
    const shape: Intl.DateTimeFormatOptions = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    };
    try {
      known = new Intl.DateTimeFormat('sv-SE', { ...shape, timeZone: zone });
    } catch {
      // A zone that this browser does not know: its times are at least the same moments in UTC.
      known = new Intl.DateTimeFormat('sv-SE', { ...shape, timeZone: 'UTC' });
    }
    clocks.set(zone, known);
  }
  return known;
}
