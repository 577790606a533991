/** Reads QR codes out of pictures, away from the page: it draws its verdicts while this works. */
import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader';
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';

export interface Picture {
  /** A frame of the camera; the worker closes it. */
  readonly frame: VideoFrame | ImageBitmap | ImageData;
}

/** The code nearest to the middle of the picture; null: none. */
export interface Read {
  readonly text: string | null;
}

const OPTIONS: ReaderOptions = { formats: ['QRCode'], maxNumberOfSymbols: 4 };
/** The middle square of the picture is read, at most this many pixels wide. */
const SIDE = 640;

prepareZXingModule({ overrides: { locateFile: () => wasm } });
const canvas = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(SIDE, SIDE);
const context = canvas?.getContext('2d', { willReadFrequently: true }) ?? null;

addEventListener('message', ({ data }: MessageEvent<Picture>) => void answer(data.frame));

async function answer(frame: Picture['frame']): Promise<void> {
  let text: string | null = null;
  try {
    const pixels = frame instanceof ImageData ? frame : middle(frame);
    if (pixels !== null) text = nearest(await readBarcodes(pixels, OPTIONS), pixels.width / 2);
  } catch {
    // A picture that cannot be read is like one without a code: the next one comes.
  } finally {
    if ('close' in frame) frame.close();
    postMessage({ text } satisfies Read);
  }
}

function middle(frame: VideoFrame | ImageBitmap): ImageData | null {
  const width = 'displayWidth' in frame ? frame.displayWidth : frame.width;
  const height = 'displayHeight' in frame ? frame.displayHeight : frame.height;
  const side = Math.min(width, height);
  const target = Math.min(SIDE, side);
  if (context === null || side === 0) return null;
  context.drawImage(
    frame,
    (width - side) / 2,
    (height - side) / 2,
    side,
    side,
    0,
    0,
    target,
    target,
  );
  return context.getImageData(0, 0, target, target);
}

function nearest(results: Awaited<ReturnType<typeof readBarcodes>>, centre: number): string | null {
  let best: string | null = null;
  let distance = Infinity;
  for (const { isValid, text, position } of results) {
    if (!isValid || text === '') continue;
    const { topLeft, bottomRight } = position;
    const away = Math.hypot(
      (topLeft.x + bottomRight.x) / 2 - centre,
      (topLeft.y + bottomRight.y) / 2 - centre,
    );
    if (away < distance) [best, distance] = [text, away];
  }
  return best;
}
