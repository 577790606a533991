/** A shift for tests: the real one, never opened, whose state they set. */
import { flushSync } from 'svelte';

import type { Outbox } from '../../lib/check/outbox.ts';
import type { State } from '../shift/machine.ts';
import type { Kept } from '../pairing/kept.ts';
import { Shift } from '../shift/shift.svelte.ts';

export function testShift(state: State): { shift: Shift; show: (next: State) => void } {
  const device = { id: 'd1', label: 'Phone 1', gate_id: null, gate_locked: false };
  const event = { id: 'e1', name: 'Midsummer', timezone: 'Europe/Vilnius' };
  const shift = new Shift({
    kept: { token: 't', device, event, gate: null } as Kept,
    outbox: {} as Outbox,
    hub: '',
    staff: () => null,
    patience: () => 800,
    stays: () => false,
    onTone: () => undefined,
    onEnded: () => undefined,
    onKept: () => undefined,
  });
  shift.state = state;
  const show = (next: State): void => {
    shift.state = next;
    flushSync();
  };
  return { shift, show };
}
