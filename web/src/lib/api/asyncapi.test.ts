import { readFile } from 'node:fs/promises';

import { DiagnosticSeverity, Parser, type ParseOutput } from '@asyncapi/parser';
import { expect, test, vi } from 'vitest';

// The parser is thorough: seconds of work on a machine that does other things too.
vi.setConfig({ testTimeout: 120_000 });

// What `dibs api-docs` wrote; `make lint` holds it against the code.
const WRITTEN = await readFile(new URL('../../../api/asyncapi.json', import.meta.url), 'utf8');

function complaints({ diagnostics }: ParseOutput): string[] {
  return diagnostics
    .filter((one) => one.severity <= DiagnosticSeverity.Warning)
    .map((one) => `${one.path.join('.')}: ${one.message}`);
}

test('the official parser finds the description of the sockets good, and whole', async () => {
  const parsed = await new Parser().parse(WRITTEN);
  expect(complaints(parsed)).toEqual([]);
  const names = parsed.document
    ?.operations()
    .all()
    .map((operation) => operation.id());
  expect(names).toEqual(expect.arrayContaining(['watch', 'redeem', 'claim', 'ledger', 'counts']));
});

test.each([
  ['a reference into nothing', '#/components/messages/ledger"', '#/components/messages/nothing"'],
  ['an action that does not exist', '"action":"send"', '"action":"shout"'],
  ['a schema that is none', '"type":"integer"', '"type":"whole number"'],
])('it finds %s', async (_, from, to) => {
  const compact = JSON.stringify(JSON.parse(WRITTEN));
  expect(compact).toContain(from);
  expect(complaints(await new Parser().parse(compact.replace(from, to)))).not.toEqual([]);
});
