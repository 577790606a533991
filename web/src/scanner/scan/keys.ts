/** Hears a hardware scanner, which types, wherever the focus is. Calls `oncode` with what it typed; returns the end of it. */
import { Wedge } from './wedge.ts';

export function hearScanner(oncode: (code: string) => void): () => void {
  const wedge = new Wedge();
  const type = (event: KeyboardEvent): void => {
    const field = (event.target as HTMLElement).closest('input, textarea, select');
    if (field !== null) return; // there the text arrives by itself, and Enter sends it
    const code = wedge.strokes(event);
    if (code !== null) oncode(code);
    // The keys of a scanner are no commands to the page: Enter would press what has the focus.
    if (code !== null || wedge.isTyping) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  document.addEventListener('keydown', type, { capture: true });
  return () => document.removeEventListener('keydown', type, { capture: true });
}
