import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { lt } from './lt.ts';

it('says everything in both languages', () => {
  const html = readFileSync(join(import.meta.dirname, '../../index.html'), 'utf8');
  const keys = [...html.matchAll(/data-text="(\w+)"/g)].map(([, key]) => key);
  expect(keys.length).toBeGreaterThan(0);
  expect(Object.keys(lt).sort()).toEqual(keys.sort());
});
