/** Who may import whom in this package. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { expect, it } from 'vitest';

const SRC = import.meta.dirname;
const APPS = ['organizer', 'scanner', 'guest'];

interface Import {
  readonly from: string;
  /** A path below `src`, or a package's name. */
  readonly to: string;
}

const imports: Import[] = globSync('**/*.{ts,svelte,css}', { cwd: SRC }).flatMap((from) => {
  const source = readFileSync(join(SRC, from), 'utf8');
  const found = source.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'|@import\s+'([^']+)'/g);
  return [...found].map((match) => {
    const to = match[1] ?? match[2] ?? '';
    return { from, to: to.startsWith('.') ? relative(SRC, join(SRC, dirname(from), to)) : to };
  });
});

const top = (path: string): string => path.split('/')[0] ?? '';
const shown = ({ from, to }: Import): string => `${from} imports ${to}`;

it('sees the imports', () => {
  expect(imports.map(shown)).toContain('organizer/main.ts imports organizer/App.svelte');
  expect(imports.map(shown)).toContain('lib/ui/base.css imports lib/ui/tokens.css');
});

it('keeps the apps apart', () => {
  const crossing = imports.filter(({ from, to }) => {
    const [app, other] = [top(from), top(to)];
    return APPS.includes(app) && APPS.includes(other) && app !== other;
  });
  expect(crossing.map(shown)).toEqual([]);
});

it('keeps lib free of the apps', () => {
  const upward = imports.filter(({ from, to }) => top(from) === 'lib' && APPS.includes(top(to)));
  expect(upward.map(shown)).toEqual([]);
});

it.each([
  ['socket.io-client', 'lib/live/socket.ts'],
  ['openapi-fetch', 'lib/api/client.ts'],
])('lets only one file know %s', (name, file) => {
  const users = imports.filter(({ to }) => to === name).map(({ from }) => from);
  expect(users).toEqual([file]);
});

it('hides the generated types behind lib/api', () => {
  const users = imports.filter(
    ({ from, to }) => to.includes('.generated') && !from.startsWith('lib/api/'),
  );
  expect(users.map(shown)).toEqual([]);
});
