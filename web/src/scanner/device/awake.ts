/** Keeps the phone's screen on while it is wanted; the browser lets go of it whenever the page is hidden. */
export class Awake {
  #lock: WakeLockSentinel | null = null;
  #wanted = false;

  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (!wanted) {
      void this.#lock?.release().catch(() => undefined);
      this.#lock = null;
    } else if (this.#lock === null || this.#lock.released) void this.#take();
  }

  async #take(): Promise<void> {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (!this.#wanted || (this.#lock !== null && !this.#lock.released)) await lock.release();
      else this.#lock = lock;
    } catch {
      // A phone that saves its battery says no: the door works all the same.
    }
  }
}
