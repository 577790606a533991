import { createContext } from 'svelte';

import type { Format } from '../../lib/text/format.ts';
import type { LiveEvent } from '../live/live.svelte.ts';

/** What the pages of one event share. */
export interface EventContext {
  readonly eventId: string;
  readonly live: LiveEvent;
  /** Numbers in the reader's locale, times in the event's zone. */
  readonly format: Format;
  readonly zone: string;
}

export const [eventContext, setEventContext] = createContext<EventContext>();
