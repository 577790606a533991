import type { HubTime } from './time.ts';

/** The hub's time as a page shows it: it moves once a second while somebody looks. */
export class Clock {
  /** Milliseconds since 1970. */
  now: number = $state(0);

  /** Runs as long as the component that made it. */
  constructor(time: HubTime) {
    this.now = time.now();
    $effect(() => {
      const timer = setInterval(() => {
        if (document.visibilityState === 'visible') this.now = time.now();
      }, 1_000);
      return () => clearInterval(timer);
    });
  }
}
