/**
 * Takes out of `package-lock.json` what is an address: where packages come from (`resolved`) and who asks for money
 * (`funding`). Hashes stay. `--check` writes nothing and fails when there is something to take out.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Lock {
  packages: Record<string, { resolved?: string; funding?: unknown }>;
}

const FILE = join(import.meta.dirname, '..', 'package-lock.json');

const before = await readFile(FILE, 'utf8');
const lock = JSON.parse(before) as Lock;
for (const entry of Object.values(lock.packages)) {
  delete entry.resolved;
  delete entry.funding;
}
const after = `${JSON.stringify(lock, null, 2)}\n`;
if (after.includes('://')) {
  console.error('package-lock.json holds an address that this script does not know.');
  process.exitCode = 1;
} else if (after !== before && process.argv.includes('--check')) {
  console.error('package-lock.json holds addresses: run `npm run lock`.');
  process.exitCode = 1;
} else if (after !== before) {
  await writeFile(FILE, after);
}
