/** How a verdict sounds and feels. Browsers let a page be heard only after a tap: `unlock` belongs into one. */
import type { Tone } from '../shift/machine.ts';

interface Note {
  /** Hz; where a second one is given it glides there. */
  readonly from: number;
  readonly to?: number;
  /** Seconds after the verdict. */
  readonly at: number;
  readonly lasts: number;
  readonly shape: OscillatorType;
}

// Told apart by rhythm and direction, not by pitch alone: up once, twice down low, three times level.
const SOUNDS: Readonly<Record<Tone, readonly Note[]>> = {
  admit: [
    { from: 660, at: 0, lasts: 0.09, shape: 'triangle' },
    { from: 990, at: 0.09, lasts: 0.18, shape: 'triangle' },
  ],
  offline: [
    { from: 660, at: 0, lasts: 0.09, shape: 'triangle' },
    { from: 990, at: 0.09, lasts: 0.1, shape: 'triangle' },
    { from: 990, at: 0.25, lasts: 0.1, shape: 'triangle' },
  ],
  deny: [
    { from: 220, to: 160, at: 0, lasts: 0.26, shape: 'sawtooth' },
    { from: 180, to: 110, at: 0.32, lasts: 0.4, shape: 'sawtooth' },
  ],
  used: [
    { from: 440, at: 0, lasts: 0.1, shape: 'square' },
    { from: 440, at: 0.16, lasts: 0.1, shape: 'square' },
    { from: 440, at: 0.32, lasts: 0.16, shape: 'square' },
  ],
  wait: [{ from: 520, at: 0, lasts: 0.05, shape: 'sine' }],
};

/** Milliseconds on, off, on, …; iOS has no vibration. */
const BUZZES: Readonly<Record<Tone, number[]>> = {
  admit: [70],
  offline: [70, 80, 70],
  deny: [280, 90, 280],
  used: [90, 70, 90, 70, 90],
  wait: [25],
};

export class Signals {
  #context: AudioContext | null = null;
  readonly #onChange: (audible: boolean) => void;

  /** `onChange` hears whether sound is unlocked. */
  constructor(onChange: (audible: boolean) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** To be called in a tap or keystroke. */
  unlock(): void {
    if (typeof AudioContext === 'undefined') return;
    this.#context ??= this.#made();
    if (this.#context.state !== 'running') void this.#context.resume().catch(() => undefined);
  }

  give(tone: Tone, isLoud: boolean): void {
    if ('vibrate' in navigator) navigator.vibrate(BUZZES[tone]);
    const context = this.#context;
    if (!isLoud || context?.state !== 'running') return;
    for (const { from, to, at, lasts, shape } of SOUNDS[tone]) {
      const starts = context.currentTime + at;
      const oscillator = new OscillatorNode(context, { type: shape, frequency: from });
      if (to !== undefined) oscillator.frequency.linearRampToValueAtTime(to, starts + lasts);
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, starts);
      volume.gain.linearRampToValueAtTime(shape === 'triangle' ? 0.9 : 0.5, starts + 0.01);
      volume.gain.setValueAtTime(shape === 'triangle' ? 0.9 : 0.5, starts + lasts - 0.03);
      volume.gain.linearRampToValueAtTime(0, starts + lasts);
      oscillator.connect(volume).connect(context.destination);
      oscillator.start(starts);
      oscillator.stop(starts + lasts);
    }
  }

  close(): void {
    void this.#context?.close().catch(() => undefined);
    this.#context = null;
  }

  #made(): AudioContext {
    const context = new AudioContext({ latencyHint: 'interactive' });
    context.addEventListener('statechange', () => this.#onChange(context.state === 'running'));
    return context;
  }
}
