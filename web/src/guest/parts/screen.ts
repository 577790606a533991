/** The phone's screen while a code is shown. */

/** Keeps the screen on until it is called off; where a browser cannot, or will not, nothing happens. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let isOver = false;
  const take = async (): Promise<void> => {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
    try {
      const taken = await navigator.wakeLock.request('screen');
      if (isOver) await taken.release();
      else lock = taken;
    } catch {
      // Refused, on an empty battery for example.
    }
  };
  // The browser takes the lock away when the page is hidden.
  const again = (): void => void take();
  document.addEventListener('visibilitychange', again);
  void take();
  return () => {
    isOver = true;
    document.removeEventListener('visibilitychange', again);
    void lock?.release().catch(() => undefined);
  };
}

/** A short pulse in the hand, where the phone can. */
export function buzz(pattern: number | number[]): void {
  // Phones that may not vibrate before a first tap refuse quietly.
  if ('vibrate' in navigator) navigator.vibrate(pattern);
}

export function isStill(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
