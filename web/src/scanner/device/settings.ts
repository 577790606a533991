/** What somebody set on this phone. Kept in localStorage: it is read before anything is drawn. */
import type { Lens } from '../camera/camera.svelte.ts';
import { LANGUAGES, type Language } from '../../lib/text/language.ts';

export interface Settings {
  /** Doors are dark; `auto` is as the phone is. */
  readonly look: 'dark' | 'auto';
  /** Null: the phone's own. */
  readonly language: Language | null;
  readonly sound: boolean;
  /** A verdict stays until somebody taps it away or scans on; else it goes by itself. */
  readonly stays: boolean;
  /** Null: the one at the back. */
  readonly camera: Lens | null;
  /** Who works here, as they call themselves; empty: nobody said. Goes to the organizer with what the door did alone. */
  readonly staff: string;
  /** Milliseconds that a guest waits for the hub before the door judges alone. */
  readonly patience: number;
}

/** What may be chosen: a line that is good as a rule, any line, and one that is slow every night. */
export const PATIENCES: readonly number[] = [400, 800, 2_000];
const PATIENCE = 800;

const KEY = 'dibs.door';
const DEFAULT: Settings = {
  look: 'dark',
  language: null,
  sound: true,
  stays: false,
  camera: null,
  staff: '',
  patience: PATIENCE,
};

export function readSettings(): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    kept = (JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? {}) as typeof kept;
  } catch {
    // Unreadable or not allowed: then the defaults.
  }
  return {
    look: kept.look === 'auto' ? 'auto' : 'dark',
    language: LANGUAGES.find((language) => language === kept.language) ?? null,
    sound: kept.sound !== false,
    stays: kept.stays === true,
    camera: isLens(kept.camera) ? kept.camera : null,
    staff: typeof kept.staff === 'string' ? kept.staff : '',
    patience: PATIENCES.find((patience) => patience === kept.patience) ?? PATIENCE,
  };
}

function isLens(kept: unknown): kept is Lens {
  const { id, label } = (kept ?? {}) as Partial<Record<keyof Lens, unknown>>;
  return typeof id === 'string' && typeof label === 'string';
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...DEFAULT, ...settings }));
  } catch {
    // It holds until the page is closed.
  }
}
