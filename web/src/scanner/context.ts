import { createContext } from 'svelte';

import type { Language } from '../lib/text/language.ts';
import type { Settings } from './device/settings.ts';

/** What every part of the app shares: the phone itself. */
export interface DoorContext {
  readonly settings: Settings;
  /** The language that is spoken now. */
  readonly language: Language;
  /** A newer version of the app waits. */
  readonly hasUpdate: boolean;
  /** Whether sound is unlocked, or not wanted. */
  readonly isAudible: boolean;
  set(changes: Partial<Settings>): void;
  /** Lets an admission be heard and felt. */
  try(): void;
  /** Starts the newer version. */
  update(): void;
  /** Unpairs this phone. */
  leave(): void;
}

export const [doorContext, setDoorContext] = createContext<DoorContext>();
