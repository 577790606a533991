/**
 * Hardware scanners that type: a burst of keystrokes, quicker than any hand, ended by Enter, wherever the focus is.
 *
 * Pure but for the events it is given.
 */

/** Milliseconds between two keystrokes at most; a slow radio link needs some, the quickest hands take 60 and more. */
export const QUICK = 50;
/** Characters that a burst has at least: the shortest code. */
export const LEAST = 4;
const MOST = 512;

type Stroke = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'altKey' | 'metaKey' | 'isComposing' | 'timeStamp'
>;

export class Wedge {
  #typed = '';
  #at = -Infinity;

  /** Takes a keystroke. Returns the whole text when this one ended a burst; null: not yet, or a person's typing. */
  strokes(stroke: Stroke): string | null {
    const { key, timeStamp: now } = stroke;
    const isQuick = now - this.#at <= QUICK;
    if (key === 'Shift' || key === 'CapsLock') {
      if (isQuick) this.#at = now;
      return null;
    }
    if (key === 'Enter') {
      const typed = this.#typed;
      this.#typed = '';
      return isQuick && typed.length >= LEAST ? typed : null;
    }
    const character = characterOf(stroke);
    if (character === null) this.#typed = '';
    else this.#typed = isQuick && this.#typed.length < MOST ? this.#typed + character : character;
    this.#at = now;
    return null;
  }

  /** Whether a burst is under way, so that the keystroke is no command to the page. */
  get isTyping(): boolean {
    return this.#typed.length > 1;
  }
}

/**
 * Scanners press the keys of an American keyboard. Where the phone's layout has letters on the keys of the digits
 * (Lithuanian, French, …) what comes is not ASCII, and the key itself says what was meant.
 */
function characterOf({ key, code, ctrlKey, altKey, metaKey, isComposing }: Stroke): string | null {
  if (ctrlKey || altKey || metaKey || isComposing || key.length !== 1) return null;
  if (/^[ -~]$/.test(key)) return key;
  return /^(?:Digit|Numpad)([0-9])$/.exec(code)?.[1] ?? /^Key([A-Z])$/.exec(code)?.[1] ?? key;
}
