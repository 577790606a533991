import { beforeEach, expect, it } from 'vitest';

import { keepSettings, PATIENCES, readSettings } from './settings.ts';

beforeEach(() => localStorage.clear());

it.each(PATIENCES)('keeps how long a guest waits for the hub: %d ms', (patience) => {
  keepSettings({ ...readSettings(), patience });
  expect(readSettings().patience).toBe(patience);
});

it.each(['{', '{"patience": 0}', '{"patience": "800"}', '{"patience": 1e9}', 'null', ''])(
  'lets a guest wait 0.8 s where nothing else was chosen, whatever is stored: %s',
  (stored) => {
    localStorage.setItem('dibs.door', stored);
    expect(readSettings()).toMatchObject({ patience: 800, look: 'dark', staff: '' });
  },
);
