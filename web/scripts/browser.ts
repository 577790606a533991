/**
 * Unpacks the Chromium that the browser tests drive, with its libraries and fonts, into the folder given.
 *
 * It comes with the npm package `@sparticuz/chromium`, for Linux on x86-64. Elsewhere this says what to do instead.
 * Does nothing when the package's version is there already.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { inflate } from '@sparticuz/chromium';

const ARCHIVES = ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'];

/** Only the fonts that come with it, so that pages look the same on every machine. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>Open Sans</string></edit>
  </match>
</fontconfig>
`;

const target = resolve(process.argv[2] ?? '');
const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
const home = dirname(dirname(entry));
const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
  version: string;
};

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.warn(
    'A Chromium for the browser tests comes for Linux on x86-64 only: set TEST_CHROMIUM to the path of yours.',
  );
} else if ((await readFile(join(target, 'version'), 'utf8').catch(() => '')) !== version) {
  // Whole or not at all: unpacked beside it, then moved.
  const draft = `${target}.${String(process.pid)}`;
  await mkdir(draft, { recursive: true });
  // The package unpacks into the system's folder for temporary files, wherever that is.
  process.env['TMPDIR'] = draft;
  await Promise.all(ARCHIVES.map((name) => inflate(join(home, 'bin', name))));
  await writeFile(join(draft, 'fonts', 'fonts.conf'), FONTS);
  await writeFile(join(draft, 'version'), version);
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
}
