import { beforeEach, describe, expect, it } from 'vitest';

import { offer } from '../../lib/live/testing/ledger.ts';
import { speak } from '../text/index.ts';
import { NEW, checkOffer, fieldsOf, toNewOffer, toPatch } from './fields.ts';

const ZONE = 'Europe/Vilnius';

beforeEach(() => speak('en'));

describe('an offer’s form', () => {
  it('shows numbers as they are typed, and nothing for no limit', () => {
    const fields = fieldsOf(offer({ quantity: null, redeem_until: '2026-07-04T22:00:00Z' }), ZONE);
    expect(fields).toMatchObject({
      quantity: '',
      max_uses: '1',
      per_guest_limit: '',
      redeem_until: '2026-07-05T01:00',
    });
    expect(checkOffer(fields, ZONE)).toEqual({});
  });

  it('sends what changed, on the wire’s terms', () => {
    expect(toPatch({ quantity: ' 70 ', max_uses: '3', redeem_from: '' }, ZONE)).toEqual({
      quantity: 70,
      max_uses: 3,
      redeem_from: null,
    });
    expect(
      toPatch({ quantity: '', title: ' Beer ', gate_ids: ['g1'], offline: 'lease' }, ZONE),
    ).toEqual({
      quantity: null,
      title: 'Beer',
      gate_ids: ['g1'],
      offline: 'lease',
    });
  });

  it.each([
    [{ title: ' ' }, 'title'],
    [{ quantity: '1.5' }, 'quantity'],
    [{ quantity: '-1' }, 'quantity'],
    [{ max_uses: '' }, 'max_uses'],
    [{ max_uses: '1001' }, 'max_uses'],
    [{ per_guest_limit: '0' }, 'per_guest_limit'],
    [{ claim_from: 'soon' }, 'claim_from'],
    [{ redeem_from: '2026-07-05T01:00', redeem_until: '2026-07-05T01:00' }, 'redeem_until'],
  ])('refuses %j', (wrong, name) => {
    expect(Object.keys(checkOffer({ ...NEW, title: 'Drink', ...wrong }, ZONE))).toEqual([name]);
  });

  it('is whole for a new one', () => {
    expect(toNewOffer({ ...NEW, title: 'Drink' }, ZONE)).toEqual({
      title: 'Drink',
      description: '',
      quantity: null,
      claimable: true,
      per_guest_limit: 1,
      max_uses: 1,
      claim_from: null,
      claim_until: null,
      redeem_from: null,
      redeem_until: null,
      gate_ids: [],
      offline: 'allow',
    });
  });
});
