/** QR codes drawn on the phone itself: a voucher must be there without a network. */
import { correction, generate } from 'lean-qr';

export interface Drawing {
  /** Modules a side, without the quiet zone. */
  readonly size: number;
  /** The dark modules as the path of an SVG, one unit a module. */
  readonly path: string;
}

/** Draws text with the error correction of the hub's symbols (M: 15 % may be covered). */
export function draw(content: string): Drawing {
  const symbol = generate(content, {
    minCorrectionLevel: correction.M,
    maxCorrectionLevel: correction.M,
  });
  let path = '';
  for (let y = 0; y < symbol.size; y++)
    for (let x = 0; x < symbol.size; x++) {
      if (!symbol.get(x, y)) continue;
      const from = x;
      while (symbol.get(x, y)) x++;
      path += `M${from} ${y}h${x - from}v1H${from}z`;
    }
  return { size: symbol.size, path };
}
