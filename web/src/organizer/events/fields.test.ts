import { beforeEach, describe, expect, it } from 'vitest';

import { event } from '../../lib/live/testing/ledger.ts';
import { speak } from '../text/index.ts';
import { checkEvent, fieldsOf, newFields, toNewEvent, toPatch } from './fields.ts';

beforeEach(() => speak('en'));

const fields = fieldsOf(event(), 'word');

describe('an event’s form', () => {
  it('shows the wall clock of the event’s zone', () => {
    expect(fields).toMatchObject({
      starts_at: '2026-07-04T21:00',
      ends_at: '2026-07-05T05:00',
      access_code: 'word',
    });
  });

  it('sends moments, and only what changed', () => {
    expect(
      toPatch({ ends_at: '2026-07-05T06:00' }, { ...fields, ends_at: '2026-07-05T06:00' }),
    ).toEqual({
      ends_at: '2026-07-05T03:00:00Z',
    });
    expect(toPatch({ access_code: '' }, fields)).toEqual({ access_code: null });
  });

  it('keeps the clocks when the zone moves', () => {
    const moved = { ...fields, timezone: 'America/New_York' };
    expect(toPatch({ timezone: 'America/New_York' }, moved)).toEqual({
      timezone: 'America/New_York',
      starts_at: '2026-07-05T01:00:00Z',
      ends_at: '2026-07-05T09:00:00Z',
    });
  });

  it('says what is missing', () => {
    expect(checkEvent(fields, false)).toEqual({});
    const wrong = { ...fields, name: ' ', slug: 'No', ends_at: fields.starts_at, starts_at: '' };
    expect(Object.keys(checkEvent(wrong, false)).sort()).toEqual(['name', 'slug', 'starts_at']);
    expect(checkEvent({ ...fields, ends_at: fields.starts_at }, false)).toHaveProperty('ends_at');
    expect(
      checkEvent({ ...fields, guest_access: 'access_code', access_code: 'abc' }, false),
    ).toHaveProperty('access_code');
  });

  it('begins with an evening that can be sent as it is, once it has a name', () => {
    const fresh = { ...newFields(Date.parse('2026-06-27T10:00:00Z')), name: 'Night' };
    expect(checkEvent(fresh, true)).toEqual({});
    const sent = toNewEvent(fresh);
    expect(sent).toMatchObject({
      name: 'Night',
      slug: null,
      guest_access: 'open',
      access_code: null,
    });
    expect(Date.parse(sent.ends_at) - Date.parse(sent.starts_at)).toBe(6 * 3_600_000);
  });
});
