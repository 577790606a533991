/** What a door scans must be the same, whoever drew it: judged by ZBar, which neither the hub nor the pages use. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { scanGrayBuffer, scanRGBABuffer } from '@undecaf/zbar-wasm';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';

import { QUIET_ZONE, voucherAddress } from './content.ts';
import { draw } from './draw.ts';

interface Vector {
  readonly public_url: string;
  readonly code: string;
  readonly content: string;
  /** The hub's own picture, base64. */
  readonly png: string;
}

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/vectors', name), 'utf8'));
const vectors = recorded('qr.json') as Vector[];
/** What `dibs up --demo` prints: two modules a character. */
const inTerminal = recorded('qr-terminal.json') as { content: string; lines: string[] }[];
/** Pixels of a module. */
const SCALE = 6;

/** What a drawing looks like, pixel by pixel, as an SVG's renderer would fill its path. */
function painted(content: string): { pixels: Uint8Array; side: number } {
  const { size, path } = draw(content);
  const side = (size + 2 * QUIET_ZONE) * SCALE;
  const pixels = new Uint8Array(side * side).fill(255);
  for (const [, x, y, width, back] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H(\d+)z/g)) {
    expect(back).toBe(x);
    for (let row = 0; row < SCALE; row++) {
      const from = ((Number(y) + QUIET_ZONE) * SCALE + row) * side;
      const left = from + (Number(x) + QUIET_ZONE) * SCALE;
      pixels.fill(0, left, left + Number(width) * SCALE);
    }
  }
  expect(path.replace(/M\d+ \d+h\d+v1H\d+z/g, '')).toBe('');
  return { pixels, side };
}

async function read(content: string): Promise<string[]> {
  const { pixels, side } = painted(content);
  const found = await scanGrayBuffer(pixels.buffer as ArrayBuffer, side, side);
  return found.map((symbol) => symbol.decode());
}

describe.each(vectors)(
  'the QR code of $code at $public_url',
  ({ public_url, code, content, png }) => {
    it('holds the same for the hub and for the page', () => {
      expect(voucherAddress(`${public_url}/e/some-event`, code)).toBe(content);
    });

    it('reads back from the hub’s picture', async () => {
      const { data, width, height } = PNG.sync.read(Buffer.from(png, 'base64'));
      const bytes = new Uint8Array(data).buffer;
      const found = await scanRGBABuffer(bytes, width, height);
      expect(found.map((symbol) => symbol.decode())).toEqual([content]);
    });

    it('reads back from the page’s drawing, which is as small', async () => {
      expect(await read(content)).toEqual([content]);
      const { width } = PNG.sync.read(Buffer.from(png, 'base64'));
      expect((draw(content).size + 2 * QUIET_ZONE) * 12).toBe(width);
    });
  },
);

it('draws links, which keep their case', async () => {
  const link = 'https://party.test/wallet/#AaIhznTkcCK2RbPekmOOZl5ZHjIzB88KBAjV-2N6D0M';
  expect(await read(link)).toEqual([link]);
});

it.each(inTerminal)('reads $content from a terminal', async ({ content, lines }) => {
  const modules = lines.flatMap((line) => [
    Array.from(line, (half) => half === '█' || half === '▀'),
    Array.from(line, (half) => half === '█' || half === '▄'),
  ]);
  const width = (modules[0]?.length ?? 0) * SCALE;
  const pixels = Uint8Array.from(
    modules.flatMap((row) =>
      Array<number[]>(SCALE)
        .fill(row.flatMap((dark) => Array<number>(SCALE).fill(dark ? 0 : 255)))
        .flat(),
    ),
  );
  const found = await scanGrayBuffer(pixels.buffer, width, pixels.length / width);
  expect(found.map((symbol) => symbol.decode())).toEqual([content]);
});
