/** One uploader on all pages of this browser, and its worker. */
import { type Lock, ownLock } from './uploads.ts';

export function webLock(): Lock {
  const locks = navigator.locks as LockManager | undefined;
  // An address without https has none, and no worker either.
  if (locks === undefined) return ownLock();
  return async (name, work) =>
    locks.request(name, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await work();
      return lock !== null;
    });
}
