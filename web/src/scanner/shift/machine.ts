/**
 * What a door shows: a pure machine, no DOM, no clock, no network. The controller tells what happens, this says what is on
 * the screen, and which scans are asked.
 */
import type { Entry } from '../../lib/api/types.ts';
import type { Answer, Scan, UndoAnswer } from '../../lib/check/check.ts';
import { read } from '../../lib/codes/codes.ts';

/** How an answer looks, sounds and feels. */
export type Tone = 'admit' | 'offline' | 'used' | 'deny' | 'wait';

/** What happened to a voucher after its scan here. */
export interface Since {
  readonly what: 'redeemed' | 'reversed' | 'voided';
  readonly gateId: string | null;
  readonly label: string;
  readonly at: string;
}

/** One physical scan and what became of it. */
export interface Recent {
  readonly key: string;
  readonly scannedAt: string;
  readonly units: number;
  /** Its code's one spelling while it has no answer; then forgotten. */
  readonly code: string | null;
  readonly voucherId: string | null;
  /** Null: asked a moment ago. */
  readonly answer: Answer | null;
  readonly undo: UndoAnswer | 'asked' | null;
  readonly since: Since | null;
  /** Its answer came while another guest's verdict was on the screen, and nobody has seen it yet. */
  readonly unseen?: boolean;
}

export type Screen =
  | { readonly at: 'ready' }
  /** A scan is asked; nothing is known of it yet. */
  | { readonly at: 'asking'; readonly key: string; readonly from: number }
  /** `late`: the door had gone on to other guests meanwhile. `until`: when it goes by itself; null: never. */
  | {
      readonly at: 'answer';
      readonly key: string;
      readonly tone: Tone;
      readonly from: number;
      readonly until: number | null;
      readonly late: boolean;
    };

export interface State {
  readonly screen: Screen;
  /** The newest first. */
  readonly recent: readonly Recent[];
  /** How many uses the next scan takes. */
  readonly units: number;
}

export const START: State = { screen: { at: 'ready' }, recent: [], units: 1 };
/** Scans that are remembered. */
export const MOST_RECENT = 50;
/** Milliseconds that an admission stays, and a refusal at most. */
export const ADMITTED_FOR = 3_000;
export const REFUSED_FOR = 15_000;
/** A verdict is not wiped away by the next code in view before somebody could have read it. */
export const STAYS_FOR = 900;

export type Sighting = Pick<Recent, 'code' | 'voucherId'>;
/** `attach`: the same voucher is being asked already, under that key. `ignore`: not now. */
export type Intake = 'new' | 'ignore' | { readonly attach: string };

/** Decides what a code in view, typed or found means. `deliberate`: somebody typed or tapped it. */
export function intake(state: State, sighting: Sighting, deliberate: boolean, now: number): Intake {
  const open = state.recent.find(
    (scan) =>
      isOpen(scan) &&
      ((sighting.code !== null && scan.code === sighting.code) ||
        (sighting.voucherId !== null && scan.voucherId === sighting.voucherId)),
  );
  // A second key for a scan whose answer is lost would find it used, and turn the guest away.
  if (open !== undefined) return { attach: open.key };
  const { screen } = state;
  if (deliberate || screen.at === 'ready') return 'new';
  if (screen.at === 'asking') return 'ignore';
  return now - screen.from >= STAYS_FOR ? 'new' : 'ignore';
}

/** A scan begins: it is on the screen until it is answered. */
export function scanned(state: State, scan: Scan, now: number): State {
  const recent: Recent = {
    key: scan.key,
    scannedAt: scan.scannedAt,
    units: scan.units,
    code: scan.code === null ? null : (read(scan.code) ?? scan.code),
    voucherId: scan.voucherId,
    answer: null,
    undo: null,
    since: null,
  };
  return {
    screen: { at: 'asking', key: scan.key, from: now },
    recent: remembered([recent, ...state.recent]),
    units: 1,
  };
}

/** The same voucher is in view again while it is still being asked: back to it. */
export function attached(state: State, key: string, now: number): State {
  const { screen } = state;
  if (screen.at !== 'ready' && screen.key === key) return state;
  const scan = state.recent.find((known) => known.key === key);
  if (scan === undefined) return state;
  // What nobody has seen is told again in a moment: nothing was acted on yet.
  if (scan.answer === null || scan.unseen === true)
    return { ...state, screen: { at: 'asking', key, from: now } };
  return shown(state, scan, scan.answer, now, false);
}

/** An answer came, perhaps not the first one to this scan. */
export function answered(state: State, key: string, answer: Answer, now: number): State {
  const before = state.recent.find((scan) => scan.key === key);
  if (before === undefined || (answer.kind === 'waiting' && isSettled(before.answer))) return state;
  const { screen } = state;
  const isNews =
    before.unseen === true || before.answer === null || !isAlike(before.answer, answer);
  const isHidden = screen.at !== 'ready' && screen.key !== key && isSettled(answer) && isNews;
  const scan: Recent = {
    ...before,
    answer,
    code: isSettled(answer) && !isHidden ? null : before.code,
    voucherId: voucherOf(answer) ?? before.voucherId,
    unseen: isHidden,
  };
  const after = { ...state, recent: replaced(state.recent, scan) };
  if (screen.at === 'ready') {
    // It was waited for, and nobody looks at another guest: now is the time to tell. What the door had judged alike
    // already need not be told again.
    return isNews ? shown(after, scan, answer, now, true) : after;
  }
  if (screen.key !== key) return after;
  if (screen.at === 'answer' && screen.tone === toneOf(answer)) return after;
  return shown(after, scan, answer, now, screen.at === 'answer' && screen.late);
}

/** The guest is through with: on to the next. */
export function dismissed(state: State): State {
  return state.screen.at === 'ready' ? state : { ...state, screen: { at: 'ready' } };
}

/** Somebody is busy with what is shown: it no longer goes by itself. */
export function held(state: State): State {
  const { screen } = state;
  return screen.at === 'answer' ? { ...state, screen: { ...screen, until: null } } : state;
}

/** Time went by: what had its time goes. */
export function elapsed(state: State, now: number): State {
  const { screen } = state;
  return screen.at === 'answer' && screen.until !== null && now >= screen.until
    ? dismissed(state)
    : state;
}

export function withUnits(state: State, units: number): State {
  return { ...state, units: Math.min(100, Math.max(1, Math.round(units))) };
}

/** What an earlier visit of the page left: its last answers, and what still waits. */
export function restored(state: State, recent: readonly Recent[]): State {
  const known = new Set(state.recent.map(({ key }) => key));
  const older = recent.filter(({ key }) => !known.has(key));
  return { ...state, recent: remembered([...state.recent, ...older]) };
}

/** Taking back was asked or answered. */
export function undoing(state: State, key: string, undo: Recent['undo']): State {
  return {
    ...state,
    recent: state.recent.map((scan) => (scan.key === key ? { ...scan, undo } : scan)),
  };
}

/** What happened elsewhere in the event: a voucher that was scanned here is used, taken back or voided. */
export function happened(state: State, entries: readonly Entry[], deviceId: string): State {
  let recent = state.recent;
  for (const entry of entries) {
    const what = WHAT[entry.kind];
    if (what === undefined || entry.voucher_id === null) continue;
    const isOurs = entry.actor.type === 'device' && entry.actor.id === deviceId;
    recent = recent.map((scan) => {
      if (scan.voucherId !== entry.voucher_id || scan.answer?.kind !== 'verdict') return scan;
      const { redemption_id, seq } = scan.answer.verdict;
      if (what === 'reversed') {
        if (redemption_id === null || entry.data['redemption_id'] !== redemption_id) return scan;
        if (isOurs) return { ...scan, undo: { kind: 'undone' as const } };
      } else if (isOurs || (seq !== null && entry.seq <= seq)) return scan;
      const since: Since = {
        what,
        gateId: entry.gate_id ?? null,
        label: entry.actor.label,
        at: entry.at,
      };
      return { ...scan, since };
    });
  }
  return recent === state.recent ? state : { ...state, recent };
}

const WHAT: Readonly<Record<string, Since['what']>> = {
  'voucher.redeemed': 'redeemed',
  'redemption.reversed': 'reversed',
  'voucher.voided': 'voided',
};

/** The scan that the screen is about. */
export function current(state: State): Recent | null {
  const { screen } = state;
  return screen.at === 'ready'
    ? null
    : (state.recent.find(({ key }) => key === screen.key) ?? null);
}

export function toneOf(answer: Answer): Tone {
  if (answer.kind === 'waiting') return 'wait';
  if (answer.kind === 'problem') return 'deny';
  const { verdict, reason } = answer.verdict;
  if (verdict === 'accepted') return answer.provisional ? 'offline' : 'admit';
  return reason === 'already_redeemed' || reason === 'insufficient_uses' ? 'used' : 'deny';
}

function shown(state: State, scan: Recent, answer: Answer, now: number, late: boolean): State {
  const tone = toneOf(answer);
  const stays = {
    admit: ADMITTED_FOR,
    offline: ADMITTED_FOR,
    used: REFUSED_FOR,
    deny: REFUSED_FOR,
  };
  const seen = { ...scan, code: isSettled(answer) ? null : scan.code, unseen: false };
  const until = tone === 'wait' ? null : now + stays[tone] * (late ? 2 : 1);
  return {
    ...state,
    screen: { at: 'answer', key: scan.key, tone, from: now, until, late },
    recent: replaced(state.recent, seen),
  };
}

/** The last scans, and whatever a person has to see yet: what has no verdict, and what the hub could not take. */
function remembered(recent: readonly Recent[]): Recent[] {
  return recent.filter(
    (scan, n) => n < MOST_RECENT || scan.answer?.kind === 'problem' || isOpen(scan),
  );
}

/** Whether the guest hears the same twice: the hub confirmed what the door had judged alone. */
function isAlike(before: Answer, answer: Answer): boolean {
  const [one, other] = [toneOf(before), toneOf(answer)];
  return one === other || (one === 'offline' && other === 'admit');
}

/** Whether nobody was told anything of it that could be acted on. */
export function isOpen(scan: Recent): boolean {
  return !isSettled(scan.answer) || scan.unseen === true;
}

function isSettled(answer: Answer | null): boolean {
  return answer !== null && answer.kind !== 'waiting';
}

function voucherOf(answer: Answer): string | null {
  return answer.kind === 'verdict' ? (answer.verdict.voucher?.id ?? null) : null;
}

function replaced(recent: readonly Recent[], scan: Recent): Recent[] {
  return recent.map((known) => (known.key === scan.key ? scan : known));
}
