import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { SHIFT, takeShift } from './shiftlock.ts';

/** A browser's locks, as far as the door needs them; jsdom has none. */
class Locks {
  #holder: { readonly lose: (error: Error) => void } | null = null;

  request = async (
    name: string,
    { ifAvailable = false, steal = false }: LockOptions,
    work: (lock: object | null) => Promise<void> | undefined,
  ): Promise<void> => {
    expect(name).toBe(SHIFT);
    if (this.#holder !== null && ifAvailable) return work(null);
    if (this.#holder !== null) expect(steal).toBe(true);
    this.#holder?.lose(new DOMException('taken', 'AbortError'));
    return new Promise((resolve, reject) => {
      const holder = (this.#holder = { lose: reject });
      void work({ name })?.then(() => {
        if (this.#holder === holder) this.#holder = null;
        resolve();
      });
    });
  };
}

let visibility: DocumentVisibilityState;
const look = (state: DocumentVisibilityState): void => {
  visibility = state;
  document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => {
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  Object.defineProperty(navigator, 'locks', { value: new Locks(), configurable: true });
});

afterEach(() => {
  Reflect.deleteProperty(navigator, 'locks');
});

it('is the page’s that was opened last, and the other one hears it', async () => {
  const [first, second] = [vi.fn(), vi.fn()];
  await takeShift(first);
  await takeShift(second);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
});

it('is taken from no page by one that nobody looks at', async () => {
  const [first, later] = [vi.fn(), vi.fn()];
  await takeShift(first);
  visibility = 'hidden';
  const taking = takeShift(vi.fn()).then(later);
  await new Promise((resolve) => setTimeout(resolve));
  expect([first.mock.calls.length, later.mock.calls.length]).toEqual([0, 0]);
  look('hidden');
  look('visible');
  await taking;
  expect(first).toHaveBeenCalledOnce();
});

it('is not lost by who gives it back, and begins anew', async () => {
  const first = vi.fn();
  (await takeShift(first))();
  await takeShift(vi.fn());
  expect(first).not.toHaveBeenCalled();
});

it('asks no browser that has no locks', async () => {
  Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
  const lost = vi.fn();
  (await takeShift(lost))();
  expect(lost).not.toHaveBeenCalled();
});
