import { expect, it } from 'vitest';

import { sameLens } from './camera.svelte.ts';

const BACK = { id: 'id-1', label: 'Back camera' };
const FRONT = { id: 'id-2', label: 'Front camera' };
const NAMELESS = { id: 'id-3', label: '' };

it('finds a camera by its id, and by its name where it has another id now', () => {
  const among = [NAMELESS, BACK, FRONT];
  expect(sameLens(among, { id: 'id-2', label: 'Back camera' })).toBe(FRONT);
  expect(sameLens(among, { id: 'of-yesterday', label: 'Front camera' })).toBe(FRONT);
  expect(sameLens(among, { id: 'of-yesterday', label: 'Webcam' })).toBeUndefined();
  expect(sameLens(among, { id: 'of-yesterday', label: '' })).toBeUndefined();
});
