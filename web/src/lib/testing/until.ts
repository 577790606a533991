/** Waiting in tests. */
import { vi } from 'vitest';

/** Tests share their machine: what should happen may take a while, and what should not happen gets no time limit. */
const PATIENCE = { timeout: 20_000, interval: 10 };

/** Resolves as soon as the check throws no more. */
export function until(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, PATIENCE);
}
