/** One phone at one door: the machine's state for the screen, and everything that moves it. */
import { flushSync } from 'svelte';

import type { Entry, Snapshot, Voucher } from '../../lib/api/types.ts';
import type { Answer, Check, Listener, Scan, UndoAnswer } from '../../lib/check/check.ts';
import { OnlineCheck, type Ways } from '../../lib/check/online.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import { read } from '../../lib/codes/codes.ts';
import type { Connection, Update } from '../../lib/live/client.ts';
import type { Kept } from '../pairing/pairing.ts';
import { Sight } from '../scan/sight.ts';
import { ofStorage } from './history.ts';
import { freshKey } from './id.ts';
import type { Line } from './line.ts';
import * as machine from './machine.ts';
import type { Recent, State, Tone } from './machine.ts';

export interface ShiftOptions {
  readonly kept: Kept;
  readonly outbox: Outbox;
  /** The hub's origin. */
  readonly hub: string;
  /** A verdict came onto the screen: time to be heard. */
  readonly onTone: (tone: Tone) => void;
  readonly onEnded: (reason: string) => void;
  /** The device or its gate was changed by somebody. */
  readonly onKept: (kept: Kept) => void;
}

/** Milliseconds after which a door that does not get through says so. */
const PATIENCE = 3_000;
/** Redemptions at other doors that are listed. */
const MOST_ELSEWHERE = 30;

export class Shift {
  state: State = $state.raw(machine.START);
  snapshot: Snapshot | null = $state.raw(null);
  connection: Connection = $state('connecting');
  kept: Kept = $state.raw() as Kept;
  /** What other doors did, the newest first. */
  elsewhere: readonly Entry[] = $state.raw([]);
  /** Uses of vouchers as the ledger told since this page looks, by voucher. */
  uses: ReadonlyMap<string, Entry> = $state.raw(new Map());
  /** The phone could not keep a scan. */
  storageFailed = $state(false);
  readonly #options: ShiftOptions;
  readonly #sight = new Sight();
  #check: Check | null = null;
  #line: Line | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #slow: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ShiftOptions) {
    this.#options = options;
    this.kept = options.kept;
  }

  /** Takes up what an earlier visit left, and connects. */
  async open(): Promise<void> {
    const { outbox, kept, onEnded } = this.#options;
    const eventId = kept.event.id;
    this.#slow = setTimeout(() => {
      if (this.connection === 'connecting') this.connection = 'lost';
    }, PATIENCE);
    const listener: Listener = {
      answered: (key, answer) => this.#answered(key, answer),
      undone: (key, answer) => this.#undone(key, answer),
      ended: () => onEnded('expired'),
    };
    const line = this.#connected();
    // Scans are taken from the first moment on: stored now, sent as soon as there is a line.
    const ways: Ways = {
      redeem: [
        async (scan) => (await line).bySocket(scan),
        async (scan) => (await line).byRest(scan),
      ],
      reverse: async (undo) => (await line).reverse(undo),
    };
    this.#check = new OnlineCheck({ eventId, outbox, ways, listener });
    this.#become(machine.restored(this.state, await ofStorage(outbox, eventId)));
    this.#line = await line;
    if (this.#closed) this.#line.close();
    else this.#check.nudge();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#slow);
    this.#check?.close();
    this.#line?.close();
  }

  /** Scans that have no answer yet. */
  get waiting(): number {
    return this.state.recent.filter(({ answer }) => answer === null || answer.kind === 'waiting')
      .length;
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
    try {
      const { id } = this.kept.event;
      await this.#check?.undo({ key: scan.key, eventId: id }, scan.answer.verdict.redemption_id);
    } catch {
      this.#become(machine.undoing(this.state, scan.key, { kind: 'problem', detail: null }));
    }
  }

  async search(name: string): Promise<readonly Voucher[]> {
    return (await this.#line?.search(name)) ?? [];
  }

  async move(gateId: string | null): Promise<void> {
    const device = await this.#line?.move(gateId);
    if (device !== undefined) this.#keep(device);
  }

  /** The network may be back, or somebody looks: tries everything at once. */
  nudge(): void {
    this.#line?.nudge();
    this.#check?.nudge();
  }

  /** The event's own word for a gate; null: none, or one that is gone. */
  gateName(gateId: string | null | undefined): string | null {
    if (gateId == null) return null;
    const gate = this.snapshot?.gates.find(({ id }) => id === gateId);
    return gate?.name ?? (this.kept.gate?.id === gateId ? this.kept.gate.name : null);
  }

  // The code on the screen, for one more use of it: in memory only, and only as long as its verdict is shown.
  #lastCode: string | null = null;
  #lastKey: string | null = null;

  /** Takes a scan. False: not now. */
  #scan(
    what: { readonly code?: string; readonly voucherId?: string; readonly units?: number },
    deliberate: boolean,
  ): boolean {
    const check = this.#check;
    const now = performance.now();
    const code = what.code ?? null;
    const sighting = {
      code: code === null ? null : (read(code) ?? code),
      voucherId: what.voucherId ?? null,
    };
    const intake = machine.intake(this.state, sighting, deliberate, now);
    if (intake === 'ignore' || check === null) return false;
    if (intake !== 'new') {
      this.#become(machine.attached(this.state, intake.attach, now));
      check.nudge();
      return true;
    }
    const scan: Scan = {
      key: freshKey(),
      eventId: this.kept.event.id,
      code: code === null ? null : code.slice(0, 512),
      voucherId: what.voucherId ?? null,
      units: what.units ?? this.state.units,
      gateId: this.kept.device.gate_id,
      scannedAt: new Date().toISOString(),
    };
    this.#lastCode = code;
    this.#lastKey = scan.key;
    this.storageFailed = false;
    this.#become(machine.scanned(this.state, scan, now));
    check.check(scan).catch(() => {
      this.storageFailed = true;
      this.#answered(scan.key, { kind: 'problem', detail: null });
    });
    return true;
  }

  /** The line to the hub, once its code is loaded: tried until it is. */
  async #connected(): Promise<Line> {
    const { hub, kept, onEnded } = this.#options;
    for (;;) {
      try {
        const { Line } = await import('./line.ts');
        return new Line({
          hub,
          token: kept.token,
          eventId: kept.event.id,
          place: () => ({
            gateId: this.kept.device.gate_id,
            isLocked: this.kept.device.gate_locked,
          }),
          onUpdate: (update) => this.#take(update),
          onConnection: (connection) => {
            this.connection = connection;
            if (connection === 'live') this.#check?.nudge();
            if (connection === 'refused') onEnded('other');
          },
          onEnded,
        });
      } catch {
        await new Promise((resolve) => setTimeout(resolve, PATIENCE));
      }
    }
  }

  #answered(key: string, answer: Answer): void {
    this.#become(machine.answered(this.state, key, answer, performance.now()));
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
    if (screen.at === 'answer' && screen.until !== null) {
      const left = screen.until - performance.now();
      this.#timer = setTimeout(() => {
        this.#become(machine.elapsed(this.state, performance.now()));
      }, left + 1);
    }
  }

  #take({ news }: Update): void {
    if (news === null) return;
    this.snapshot = news.snapshot;
    const own = news.snapshot.devices.find(({ id }) => id === this.kept.device.id);
    if (own !== undefined) this.#keep(own);
    if (news.entries.length === 0) return;
    const { id } = this.kept.device;
    this.#become(machine.happened(this.state, news.entries, id));
    const used = news.entries.filter(
      ({ kind, voucher_id }) =>
        voucher_id != null && (kind === 'voucher.redeemed' || kind === 'redemption.reversed'),
    );
    if (used.length === 0) return;
    const others = used.filter(({ actor }) => actor.id !== id);
    this.elsewhere = [...others.reverse(), ...this.elsewhere].slice(0, MOST_ELSEWHERE);
    const uses = new Map(this.uses);
    for (const entry of used) if (entry.voucher_id) uses.set(entry.voucher_id, entry);
    this.uses = new Map([...uses].slice(-2_000));
  }

  #keep(device: Kept['device']): void {
    const { gate_id, gate_locked, can_search, label } = this.kept.device;
    const gate = this.snapshot?.gates.find(({ id }) => id === device.gate_id);
    const isSame =
      device.gate_id === gate_id &&
      device.gate_locked === gate_locked &&
      device.can_search === can_search &&
      device.label === label &&
      (gate?.name ?? null) === (this.kept.gate?.name ?? null);
    if (isSame) return;
    const { event } = this.kept;
    this.kept = {
      ...this.kept,
      device,
      gate: gate === undefined ? null : { id: gate.id, name: gate.name },
      event: { ...event, name: this.snapshot?.event.name ?? event.name },
    };
    this.#options.onKept(this.kept);
  }
}
