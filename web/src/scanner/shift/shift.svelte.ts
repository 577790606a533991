/** One phone at one door: the machine's state for the screen, and everything that moves it. */
import { flushSync } from 'svelte';

import type { Voucher } from '../../lib/api/types.ts';
import type { Answer, Scan, UndoAnswer } from '../../lib/check/check.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import { read } from '../../lib/codes/codes.ts';
import type { Connection, Update } from '../../lib/live/client.ts';
import type { Kept } from '../pairing/kept.ts';
import { Sight } from '../scan/sight.ts';
import { type Condition, UNPREPARED } from './condition.ts';
import { ofStorage } from './history.ts';
import { freshKey } from './id.ts';
import * as machine from './machine.ts';
import type { Recent, State, Tone } from './machine.ts';
import { EventNews } from './news.svelte.ts';
import type { Place } from './place.ts';
import { Ties } from './ties.ts';

export interface ShiftOptions {
  readonly kept: Kept;
  readonly outbox: Outbox;
  /** The hub's origin. */
  readonly hub: string;
  /** Who says to be at this door; null: nobody. */
  readonly staff: () => string | null;
  /** Milliseconds that a guest waits for the hub before the door judges alone. */
  readonly patience: () => number;
  /** A verdict came onto the screen: time to be heard. */
  readonly onTone: (tone: Tone) => void;
  readonly onEnded: (reason: string) => void;
  /** Whether a verdict stays until somebody goes on. */
  readonly stays: () => boolean;
  /** The device or its gate was changed by somebody. */
  readonly onKept: (kept: Kept) => void;
}

export class Shift {
  state: State = $state.raw(machine.START);
  connection: Connection = $state('connecting');
  /** How the phone is prepared to be alone. */
  condition: Condition = $state.raw(UNPREPARED);
  /** The phone could not keep a scan. */
  storageFailed = $state(false);
  /** What the door knows of the event and of its own place. */
  readonly news: EventNews;
  readonly #options: ShiftOptions;
  readonly #sight = new Sight();
  #ties: Ties | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ShiftOptions) {
    this.#options = options;
    this.news = new EventNews(options.kept, options.onKept);
  }

  /**
   * Takes up what an earlier visit left, and connects.
   *
   * @throws where the browser keeps nothing.
   */
  async open(): Promise<void> {
    const { kept, outbox, hub, staff, patience, onEnded } = this.#options;
    this.#ties = new Ties({
      kept,
      outbox,
      hub,
      staff,
      patience,
      place: () => this.#place,
      listener: {
        answered: (key, answer) => this.#answered(key, answer),
        undone: (key, answer) => this.#undone(key, answer),
        ended: () => onEnded('expired'),
      },
      onUpdate: (update) => this.#take(update),
      onConnection: (connection) => (this.connection = connection),
      onCondition: (condition) => (this.condition = condition),
      onEnded,
    });
    this.#become(machine.restored(this.state, await ofStorage(outbox, kept.event.id)));
    await this.#ties.connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#ties?.close();
  }

  /** This phone leaves the door for good: what is not brought in yet stays on it, and nothing else. */
  async leave(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#ties?.leave();
  }

  /** Scans that have no answer of the hub's yet. */
  get waiting(): number {
    return this.condition.waiting;
  }

  /** A code came before the camera or out of a hardware scanner. */
  seen(text: string): void {
    const code = read(text) ?? text;
    if (!this.#sight.sees(code, performance.now())) return;
    // It came while another guest's verdict had to be read first: it is still there, and its time comes.
    if (!this.#scan({ code: text }, false)) this.#sight.forget(code);
  }

  /** Somebody typed a code. */
  typed(text: string): void {
    this.#sight.sees(read(text) ?? text, performance.now());
    this.#scan({ code: text }, true);
  }

  /** Somebody chose a guest's voucher, or uses more of the one on the screen. */
  chosen(voucherId: string, units: number): void {
    this.#scan({ voucherId, units }, true);
  }

  /** Redeems more units of the voucher whose verdict is on the screen, with the code that was scanned. */
  more(units: number): void {
    const code = this.#lastCode;
    if (code !== null) this.#scan({ code, units }, true);
  }

  /** Whether `more` knows what to ask for. */
  get canMore(): boolean {
    return this.#lastCode !== null && machine.current(this.state)?.key === this.#lastKey;
  }

  next(): void {
    this.#become(machine.dismissed(this.state));
  }

  /** Somebody is busy with the verdict: it stays. */
  hold(): void {
    this.#become(machine.held(this.state));
  }

  setUnits(units: number): void {
    this.#become(machine.withUnits(this.state, units));
  }

  async undo(scan: Recent): Promise<void> {
    if (scan.answer?.kind !== 'verdict' || scan.answer.verdict.redemption_id === null) return;
    this.#become(machine.undoing(this.state, scan.key, 'asked'));
    const { redemption_id: redemptionId } = scan.answer.verdict;
    try {
      const { id } = this.news.kept.event;
      await (await this.#tied.check()).undo({ key: scan.key, eventId: id }, redemptionId);
    } catch {
      this.#become(machine.undoing(this.state, scan.key, { kind: 'problem', detail: null }));
    }
  }

  async search(name: string): Promise<readonly Voucher[]> {
    return this.#tied.search(name);
  }

  async move(gateId: string | null): Promise<void> {
    this.news.keep(await this.#tied.move(gateId));
  }

  /** Somebody has seen that the hub cannot take it. */
  async dismiss(key: string): Promise<void> {
    await (await this.#tied.check()).dismiss(key);
  }

  /** The network may be back, or somebody looks: tries everything at once. */
  nudge(): void {
    this.#ties?.nudge();
  }

  get #tied(): Ties {
    if (this.#ties === null) throw new Error('the shift is not open yet');
    return this.#ties;
  }

  // The code on the screen, for one more use of it: in memory only, and only as long as its verdict is shown.
  #lastCode: string | null = null;
  #lastKey: string | null = null;

  /** Takes a scan. False: not now. */
  #scan(
    what: { readonly code?: string; readonly voucherId?: string; readonly units?: number },
    deliberate: boolean,
  ): boolean {
    const ties = this.#ties;
    const now = performance.now();
    const code = what.code ?? null;
    const sighting = {
      code: code === null ? null : (read(code) ?? code),
      voucherId: what.voucherId ?? null,
    };
    const intake = machine.intake(this.state, sighting, deliberate, now);
    if (intake === 'ignore' || ties === null) return false;
    if (intake !== 'new') {
      this.#become(machine.attached(this.state, intake.attach, now));
      ties.nudge();
      return true;
    }
    const scan: Scan = {
      key: freshKey(),
      eventId: this.news.kept.event.id,
      code: code === null ? null : code.slice(0, 512),
      voucherId: what.voucherId ?? null,
      units: what.units ?? this.state.units,
      gateId: this.#place.gateId,
      scannedAt: new Date().toISOString(),
    };
    this.#lastCode = code;
    this.#lastKey = scan.key;
    this.storageFailed = false;
    this.#become(machine.scanned(this.state, scan, now));
    ties
      .check()
      .then((check) => check.check(scan))
      .catch(() => {
        this.storageFailed = true;
        this.#answered(scan.key, { kind: 'problem', detail: null });
      });
    return true;
  }

  get #place(): Place {
    const { gate_id, gate_locked } = this.news.kept.device;
    return { gateId: gate_id, isLocked: gate_locked };
  }

  /** Shows an answer. False: nobody could see it. */
  #answered(key: string, answer: Answer): boolean {
    const known = (): Recent | undefined => this.state.recent.find((scan) => scan.key === key);
    const isVisible = document.visibilityState === 'visible';
    const before = known();
    // A first verdict that a hidden page put up would be acted on when somebody looks, and the check took it for unseen.
    if (!isVisible && answer.kind === 'verdict' && before !== undefined && machine.isOpen(before))
      return false;
    this.#become(machine.answered(this.state, key, answer, performance.now()));
    const scan = known();
    // What the screen has forgotten it shows to nobody.
    return isVisible && scan !== undefined && scan.unseen !== true;
  }

  #undone(key: string, answer: UndoAnswer): void {
    this.#become(machine.undoing(this.state, key, answer));
  }

  /** Shows the new state at once, in the same frame, and lets it be heard. */
  #become(state: State): void {
    const before = this.state.screen;
    if (state === this.state) return;
    this.state = state;
    const { screen } = state;
    const isNews =
      screen.at === 'answer' && (before.at !== 'answer' || before.from !== screen.from);
    if (isNews) {
      flushSync();
      this.#options.onTone(screen.tone);
    }
    clearTimeout(this.#timer);
    if (screen.at === 'answer' && screen.until !== null && !this.#options.stays()) {
      const left = screen.until - performance.now();
      this.#timer = setTimeout(() => {
        this.#become(machine.elapsed(this.state, performance.now()));
      }, left + 1);
    }
  }

  #take({ news }: Update): void {
    if (news === null) return;
    this.news.take(news);
    if (news.entries.length > 0)
      this.#become(machine.happened(this.state, news.entries, this.news.kept.device.id));
  }
}
