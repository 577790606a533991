/** An event as its form has it: times as the wall clock of its zone. */
import type { EventItem, EventPatch, EventState, NewEvent } from '../../lib/api/types.ts';
import { fromZoned, hereZone, toZoned } from '../forms/zoned.ts';
import { text } from '../text/index.ts';

export type EventFields = {
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly venue: string;
  readonly timezone: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly guest_access: string;
  readonly access_code: string;
  readonly guest_name: string;
};

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A new event: this evening a week from now, where the organizer is. */
export function newFields(now: number): EventFields {
  const timezone = hereZone();
  const day = toZoned(new Date(now + 7 * DAY).toISOString(), timezone).slice(0, 10);
  const starts_at = `${day}T20:00`;
  const start = Date.parse(fromZoned(starts_at, timezone) ?? '');
  const ends_at = toZoned(new Date(start + 6 * 60 * MINUTE).toISOString(), timezone);
  return {
    name: '',
    slug: '',
    description: '',
    venue: '',
    timezone,
    starts_at,
    ends_at,
    guest_access: 'open',
    access_code: '',
    guest_name: 'off',
  };
}

/** `code`: the guests' access code, which the live state does not hold. */
export function fieldsOf(event: EventItem | EventState, code: string | null): EventFields {
  return {
    name: event.name,
    slug: event.slug,
    description: event.description,
    venue: event.venue,
    timezone: event.timezone,
    starts_at: toZoned(event.starts_at, event.timezone),
    ends_at: toZoned(event.ends_at, event.timezone),
    guest_access: event.guest_access,
    access_code: code ?? '',
    guest_name: event.guest_name,
  };
}

/** What can be told before the hub is asked, by field. `isNew`: an empty address is made from the name. */
export function checkEvent(fields: EventFields, isNew: boolean): Record<string, string> {
  const errors: Record<string, string> = {};
  if (fields.name.trim() === '') errors['name'] = text.common.required;
  if (!(isNew && fields.slug === '') && !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(fields.slug))
    errors['slug'] = text.event.badSlug;
  const [start, end] = [fields.starts_at, fields.ends_at].map((at) =>
    fromZoned(at, fields.timezone),
  );
  if (start == null) errors['starts_at'] = text.forms.badTime;
  if (end == null) errors['ends_at'] = text.forms.badTime;
  else if (start != null && Date.parse(end) <= Date.parse(start))
    errors['ends_at'] = text.forms.endBeforeStart;
  if (fields.guest_access === 'access_code' && fields.access_code.trim().length < 4)
    errors['access_code'] = text.event.badAccessCode;
  return errors;
}

export function toNewEvent(fields: EventFields): NewEvent {
  return {
    ...(toPatch(fields, fields) as NewEvent),
    slug: fields.slug === '' ? null : fields.slug,
  };
}

/** The changes on the wire. A moved zone moves the times: their clocks stay as they are entered. */
export function toPatch(changes: Partial<EventFields>, fields: EventFields): EventPatch {
  const { starts_at, ends_at, access_code, ...rest } = changes;
  const isMoved = 'timezone' in changes;
  const at = (local: string): string => fromZoned(local, fields.timezone) ?? local;
  return {
    ...(rest as EventPatch),
    ...(starts_at !== undefined || isMoved ? { starts_at: at(fields.starts_at) } : {}),
    ...(ends_at !== undefined || isMoved ? { ends_at: at(fields.ends_at) } : {}),
    ...(access_code === undefined ? {} : { access_code: access_code.trim() || null }),
  };
}
