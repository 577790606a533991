import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { grouped, normalise, read } from './codes.ts';

interface Case {
  readonly written: string;
  readonly normalised: string | null;
  readonly read: string | null;
}

const FILE = join(import.meta.dirname, '../../../../tests/vectors/codes.json');
const cases = JSON.parse(readFileSync(FILE, 'utf8')) as Case[];

it('reads what people type and doors scan as the hub does', () => {
  expect(cases.length).toBeGreaterThan(500);
  const ours = cases.map(({ written }) => ({
    written,
    normalised: normalise(written),
    read: read(written),
  }));
  expect(ours).toEqual(cases);
});

it.each([
  ['7KQ4MX2P9T', '7KQ4M X2P9T'],
  ['ABCD', 'ABCD'],
  ['ABCDEF', 'ABCD EF'],
  ['ABCDEFGH', 'ABCD EFGH'],
  ['', ''],
])('groups %s', (code, shown) => {
  expect(grouped(code)).toBe(shown);
});
