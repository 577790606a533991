/** Hands pictures of a playing video to the decoder: one at a time, a dozen a second, none while nobody looks. */
import type { Picture, Read } from './decoder.worker.ts';

/** Milliseconds between two pictures: more cost battery and find nothing sooner. */
const EVERY = 75;

export class Reader {
  readonly #video: HTMLVideoElement;
  readonly #onCode: (text: string) => void;
  readonly #worker: Worker;
  #isReading = false;
  #isBusy = false;
  #last = 0;
  #frame: number | null = null;
  #canvas: HTMLCanvasElement | null = null;

  constructor(video: HTMLVideoElement, onCode: (text: string) => void) {
    this.#video = video;
    this.#onCode = onCode;
    this.#worker = new Worker(new URL('./decoder.worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Read>) => {
      this.#isBusy = false;
      if (data.text !== null && this.#isReading) this.#onCode(data.text);
    });
  }

  /** Reads, or rests. */
  read(on: boolean): void {
    if (this.#isReading === on) return;
    this.#isReading = on;
    if (on) this.#next();
    else this.#cancel();
  }

  close(): void {
    this.read(false);
    this.#worker.terminate();
  }

  #next(): void {
    if (!this.#isReading) return;
    const take = (): void => {
      void this.#take().finally(() => this.#next());
    };
    this.#frame =
      'requestVideoFrameCallback' in this.#video
        ? this.#video.requestVideoFrameCallback(take)
        : requestAnimationFrame(take);
  }

  #cancel(): void {
    if (this.#frame === null) return;
    if ('cancelVideoFrameCallback' in this.#video)
      this.#video.cancelVideoFrameCallback(this.#frame);
    else cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  async #take(): Promise<void> {
    const now = performance.now();
    if (this.#isBusy || now - this.#last < EVERY || this.#video.readyState < 2) return;
    this.#isBusy = true;
    this.#last = now;
    try {
      const frame = await this.#picture();
      if (!this.#isReading) {
        this.#isBusy = false;
        if ('close' in frame) frame.close();
        return;
      }
      const moved = frame instanceof ImageData ? [frame.data.buffer] : [frame];
      this.#worker.postMessage({ frame } satisfies Picture, moved);
    } catch {
      this.#isBusy = false; // the camera went away under our hands; the next picture tells
    }
  }

  async #picture(): Promise<Picture['frame']> {
    if (typeof OffscreenCanvas !== 'undefined') {
      return typeof VideoFrame === 'undefined'
        ? createImageBitmap(this.#video)
        : new VideoFrame(this.#video);
    }
    // Before OffscreenCanvas a worker cannot get at the pixels: the page draws them.
    const { videoWidth: width, videoHeight: height } = this.#video;
    const side = Math.min(width, height);
    const target = Math.min(640, side);
    this.#canvas ??= document.createElement('canvas');
    Object.assign(this.#canvas, { width: target, height: target });
    const context = this.#canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('no canvas');
    const [left, top] = [(width - side) / 2, (height - side) / 2];
    context.drawImage(this.#video, left, top, side, side, 0, 0, target, target);
    return context.getImageData(0, 0, target, target);
  }
}
