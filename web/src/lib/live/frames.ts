/**
 * Runs the callback at the next animation frame, at the latest after `atMost` milliseconds: a hidden page draws no frames,
 * but what it was told must not pile up. Returns what calls it off.
 */
export function nextFrame(callback: () => void, atMost = 1_000): () => void {
  const run = (): void => {
    cancel();
    callback();
  };
  const frame = requestAnimationFrame(run);
  const timer = setTimeout(run, atMost);
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  return cancel;
}
