/** What a browser has and jsdom has not, as far as the organizer's pages use it. */
import { vi } from 'vitest';

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

/** To be called before each test; `vi.unstubAllGlobals` takes it back. */
export function likeABrowser(): void {
  vi.stubGlobal('ResizeObserver', Observer);
  vi.stubGlobal('scrollTo', () => undefined);
  vi.stubGlobal('matchMedia', () => ({ matches: true })); // jsdom moves nothing
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
}
