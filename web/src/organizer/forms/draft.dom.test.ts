import { expect, it } from 'vitest';

import { Draft } from './draft.svelte.ts';

type Fields = { title: string; quantity: string };
const draft = (): Draft<Fields> => new Draft<Fields>({ title: 'Drink', quantity: '10' }, 3);

it('follows newer versions only, and says so where a field moved', () => {
  const form = draft();
  form.follow({ title: 'Old', quantity: '1' }, 3);
  expect(form.fields.title).toBe('Drink');
  form.follow({ title: 'Drink', quantity: '10' }, 4);
  expect([form.version, form.isMoved]).toEqual([4, false]);
  form.follow({ title: 'Drink', quantity: '20' }, 5);
  expect([form.fields.quantity, form.isMoved, form.isDirty]).toEqual(['20', true, false]);
});

it('is contested until the reader chose, and clean once it is saved', () => {
  const form = draft();
  form.set('title', 'Beer');
  form.follow({ title: 'Wine', quantity: '10' }, 4);
  expect([form.isContested, form.changes]).toEqual([true, { title: 'Beer' }]);
  form.settle('title', 'mine');
  expect(form.isContested).toBe(false);
  form.saved({ title: 'Beer', quantity: '10' }, 5);
  expect([form.isDirty, form.isMoved, form.version]).toEqual([false, false, 5]);
});
