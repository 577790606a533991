/** What somebody set on this phone. Kept in localStorage: it is read before anything is drawn. */
import { LANGUAGES, type Language } from '../../lib/text/language.ts';

export interface Settings {
  /** Doors are dark; `auto` is as the phone is. */
  readonly look: 'dark' | 'auto';
  /** Null: the phone's own. */
  readonly language: Language | null;
  readonly sound: boolean;
  /** Null: the one at the back. */
  readonly cameraId: string | null;
  /** Who works here, as they call themselves; empty: nobody said. Goes to the organizer with what the door did alone. */
  readonly staff: string;
}

const KEY = 'dibs.door';
const DEFAULT: Settings = { look: 'dark', language: null, sound: true, cameraId: null, staff: '' };

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
    cameraId: typeof kept.cameraId === 'string' ? kept.cameraId : null,
    staff: typeof kept.staff === 'string' ? kept.staff : '',
  };
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...DEFAULT, ...settings }));
  } catch {
    // It holds until the page is closed.
  }
}
