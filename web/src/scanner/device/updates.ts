/**
 * The installed app's shell: a service worker that keeps it, so that the door opens without a network.
 *
 * A newer version waits. It never takes over by itself while somebody works: `start` does, when it suits.
 */
import { SHIFT } from './shiftlock.ts';

export interface Updates {
  /** Starts the newer version: somebody wants it. */
  start(): void;
  /** Starts it unless a shift is open in this tab or another. */
  startIfIdle(): void;
  close(): void;
}

/** Milliseconds between two looks for a newer version: a shift may be as long as a night. */
const LOOKS_EVERY = 30 * 60_000;

/** Registers the worker. `onWaiting` hears whether a newer version waits. */
export function followUpdates(onWaiting: (waits: boolean) => void): Updates {
  let registration: ServiceWorkerRegistration | null = null;
  let isStarting = false;
  // With Vite's server there is no worker to register.
  if (!('serviceWorker' in navigator) || import.meta.env.DEV)
    return { start: () => undefined, startIfIdle: () => undefined, close: () => undefined };

  // The very first worker waits for a moment, too, but for nobody: no older one is at work.
  const tell = (): void =>
    onWaiting(registration?.waiting != null && navigator.serviceWorker.controller !== null);
  const reload = (): void => {
    if (isStarting) location.reload();
  };
  navigator.serviceWorker.addEventListener('controllerchange', reload);
  const timer = setInterval(() => void registration?.update().catch(() => undefined), LOOKS_EVERY);
  void navigator.serviceWorker
    .register('/door/sw.js', { scope: '/door/' })
    .then((made) => {
      registration = made;
      tell();
      made.addEventListener('updatefound', () => {
        made.installing?.addEventListener('statechange', tell);
      });
    })
    .catch(() => undefined); // the door works without it, as long as there is a network
  const start = (): void => {
    isStarting = true;
    registration?.waiting?.postMessage('start');
  };
  return {
    start,
    startIfIdle: () => {
      if (!('locks' in navigator)) return;
      void navigator.locks
        .request(SHIFT, { ifAvailable: true }, (lock) => {
          if (lock !== null) start();
        })
        .catch(() => undefined); // a shift begins this very moment
    },
    close: () => {
      clearInterval(timer);
      navigator.serviceWorker.removeEventListener('controllerchange', reload);
    },
  };
}
