/**
 * One page of a phone is the door, the one that was opened last: two would each know only what they let in themselves, and a
 * guest would get in once at either. An address without https has no such lock, and its doors judge nothing alone.
 */

/** Held by the page that works. */
export const SHIFT = 'dibs.door.shift';

/**
 * Takes the shift over from whichever page has it, as soon as somebody looks at this one.
 *
 * @param onTaken Another page took it over.
 * @returns What gives it back.
 */
export async function takeShift(onTaken: () => void): Promise<() => void> {
  let giveBack: () => void = () => undefined;
  let isOver = false;
  const over = new Promise<void>((resolve) => (giveBack = resolve));
  const locks = navigator.locks as LockManager | undefined;
  const taken = async (how: LockOptions): Promise<boolean> =>
    new Promise((resolve) => {
      let isOurs = false;
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        isOurs = lock !== null;
        resolve(isOurs);
        return isOurs ? over : undefined;
      };
      locks?.request(SHIFT, how, hold).catch(() => {
        if (isOurs && !isOver) onTaken();
        resolve(true); // a browser that refuses the lock as such stops nobody
      });
    });
  if (locks !== undefined && !(await taken({ ifAvailable: true }))) {
    await looked();
    await taken({ steal: true });
  }
  return () => {
    isOver = true;
    giveBack();
  };
}

/** Resolves when somebody looks at the page. */
async function looked(): Promise<void> {
  while (document.visibilityState !== 'visible')
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
}
