import { expect, it } from 'vitest';

import { QUICK, Wedge } from './wedge.ts';

const QUIET = { ctrlKey: false, altKey: false, metaKey: false, isComposing: false };

/** Types keys at that pace; returns what the wedge made of it. `codes`: the keys below them. */
function type(
  wedge: Wedge,
  keys: readonly string[],
  pace: number,
  codes: string[] = [],
): unknown[] {
  return keys.map((key, n) =>
    wedge.strokes({ ...QUIET, key, code: codes[n] ?? '', timeStamp: 1_000 + n * pace }),
  );
}

const letters = (text: string): string[] => [...text, 'Enter'];

it('reads a burst that Enter ends', () => {
  expect(type(new Wedge(), letters('7KQ4MX2P9T'), 8).at(-1)).toBe('7KQ4MX2P9T');
});

it('reads addresses, with the shift keys that their capitals need', () => {
  const keys = [
    'Shift',
    'H',
    'Shift',
    'T',
    'T',
    'P',
    ':',
    '/',
    '/',
    'x',
    '/',
    'v',
    '/',
    'A',
    'Enter',
  ];
  expect(type(new Wedge(), keys, QUICK).at(-1)).toBe('HTTP://x/v/A');
});

it.each([
  ['a person', letters('7KQ4MX2P9T'), 60],
  ['a short burst', letters('abc'), 8],
  ['Enter alone', ['Enter'], 8],
  ['a shortcut in between', ['7', 'K', 'Q', 'Tab', '4', 'Enter'], 8],
])('leaves %s alone', (_, keys, pace) => {
  expect(type(new Wedge(), keys, pace).every((found) => found === null)).toBe(true);
});

it('forgets what a person typed before the burst', () => {
  const wedge = new Wedge();
  type(wedge, ['x', 'y'], 200);
  const burst = letters('ABCD');
  const found = burst.map((key, n) =>
    wedge.strokes({ ...QUIET, key, code: '', timeStamp: 9_000 + n * 5 }),
  );
  expect(found.at(-1)).toBe('ABCD');
});

it('reads digits from the keys themselves where the layout has letters there', () => {
  const keys = ['ą', 'č', 'ę', 'A', 'Enter'];
  const codes = ['Digit1', 'Digit2', 'Digit3', 'KeyA', 'Enter'];
  expect(type(new Wedge(), keys, 8, codes).at(-1)).toBe('123A');
});

it('takes nothing that is pressed with Ctrl, Alt or Meta', () => {
  const wedge = new Wedge();
  for (const [n, key] of [...'ABCD'].entries())
    wedge.strokes({ ...QUIET, ctrlKey: true, key, code: '', timeStamp: n });
  expect(wedge.strokes({ ...QUIET, key: 'Enter', code: 'Enter', timeStamp: 5 })).toBe(null);
});

it('knows when a burst is under way', () => {
  const wedge = new Wedge();
  type(wedge, ['A'], 8);
  expect(wedge.isTyping).toBe(false);
  type(wedge, ['A', 'B'], 8);
  expect(wedge.isTyping).toBe(true);
});
