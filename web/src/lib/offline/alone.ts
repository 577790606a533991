/** What a door can tell alone: its book, what it knows of the event, what was lent to it, and the time. */
import type { OfferState, RedeemVerdict, RefusalReason, Snapshot } from '../api/types.ts';
import type { Scan } from '../check/check.ts';
import { read } from '../codes/codes.ts';
import { DEAD, type Found } from './book.ts';
import type { DoorClock } from './clock.ts';
import type { BookKeeper } from './keeper.ts';
import { gateOfScan, instant, instantOf, judge } from './rules.ts';
import { tailOf } from './seal.ts';
import type { Vault } from './vault.ts';

/** A voucher's other uses are lent to this device. */
export interface Lease {
  readonly ordinal: number;
  readonly voucherId: string;
  /** RFC 3339. */
  readonly until: string;
}

export interface Judged {
  readonly reason: RefusalReason | null;
  /** The voucher's place in the book; null: not found. */
  readonly ordinal: number | null;
  /** As the hub's verdicts look. */
  readonly verdict: RedeemVerdict;
}

export interface AloneOptions {
  readonly vault: Vault;
  readonly keeper: BookKeeper;
  readonly clock: DoorClock;
  /** Units of a voucher that this door let in and the hub has not counted yet, and when it last did so. */
  readonly pending: (ordinal: number) => { readonly units: number; readonly at: string | null };
}

type SceneOffer = Pick<
  OfferState,
  'id' | 'title' | 'status' | 'claimable' | 'redeem_from' | 'redeem_until' | 'gate_ids' | 'offline'
>;

/** What the rules ask of an event, without what every scan changes. */
interface Scene {
  readonly event: Pick<Snapshot['event'], 'status'>;
  readonly offers: readonly SceneOffer[];
  readonly gates: readonly { readonly id: string }[];
}

const SCENE = 'scene';
const LEASES = 'leases';

export class Alone {
  readonly #options: AloneOptions;
  #scene: Scene | null = null;
  /** The scene as it lies in the vault. */
  #kept = '';
  #leases = new Map<number, Lease>();

  private constructor(options: AloneOptions) {
    this.#options = options;
  }

  /** Reads what an earlier page life left. */
  static async open(options: AloneOptions): Promise<Alone> {
    const alone = new Alone(options);
    alone.#scene = await options.vault.getJson<Scene>(SCENE);
    alone.#kept = JSON.stringify(alone.#scene);
    const leases = (await options.vault.getJson<Lease[]>(LEASES)) ?? [];
    alone.#leases = new Map(leases.map((lease) => [lease.ordinal, lease]));
    return alone;
  }

  /** Whether every voucher is here that there was at the last look, and the event. */
  get isPrepared(): boolean {
    return this.#scene !== null && this.#options.keeper.isWhole;
  }

  get leases(): Lease[] {
    return [...this.#leases.values()];
  }

  /** The event as it is now. */
  async know({ event, offers, gates }: Scene): Promise<void> {
    const scene: Scene = {
      event: { status: event.status },
      offers: offers.map(sceneOffer),
      gates: gates.map(({ id }) => ({ id })),
    };
    this.#scene = scene;
    // Every scan at every door brings a new snapshot: what did not change is not written again.
    const text = JSON.stringify(scene);
    if (text === this.#kept) return;
    this.#kept = text;
    await this.#options.vault.put({ [SCENE]: scene });
  }

  /**
   * The hub answered a scan: what it says of the voucher, and of a lease, holds from now on.
   *
   * `letIn`: units that the door had let in by itself. Where the hub refuses them they are used all the same, at this door.
   */
  async learn(ordinal: number | null, verdict: RedeemVerdict, letIn = 0): Promise<void> {
    const { voucher, seq, leased_until: until } = verdict;
    if (ordinal === null || voucher === null) return;
    const { keeper } = this.#options;
    const [, uses = 0, flags = 0] = keeper.book.stateOf(ordinal);
    if (seq !== null) {
      keeper.learn({ seq, burns: [[ordinal, voucher.uses, flags]], whole: false });
    } else {
      // A refusal has no entry of its own. A replay tells of how it was once.
      const here = Math.min(uses + letIn, voucher.max_uses);
      const isNow = !verdict.replayed;
      const isOver = isNow && ['voided', 'released'].includes(voucher.state);
      const after = Math.max(uses, here, isNow ? voucher.uses : 0);
      if (after !== uses || (isOver && (flags & DEAD) === 0)) {
        const burns = [[ordinal, after, isOver ? flags | DEAD : flags]];
        keeper.learn({ seq: keeper.book.knownAt(ordinal), burns, whole: false });
      }
    }
    // Somebody else holds the uses: what this door took for its own was recalled while it did not hear.
    if (verdict.reason === 'leased' && !verdict.replayed) return this.ended(voucher.id);
    // A replay tells how long it was lent for once.
    if (until === null || verdict.replayed || verdict.verdict !== 'accepted') return;
    this.#leases.set(ordinal, { ordinal, voucherId: voucher.id, until });
    await this.#keepLeases();
  }

  /** Waits until the book has kept what was learnt. Throws where the storage does not take it. */
  async settled(): Promise<void> {
    await this.#options.keeper.settled();
  }

  /** The hub ended a lease, or this door gave it back. */
  async ended(voucherId: string): Promise<void> {
    const lease = this.leases.find((known) => known.voucherId === voucherId);
    if (lease === undefined) return;
    this.#leases.delete(lease.ordinal);
    await this.#keepLeases();
  }

  /**
   * Judges a scan as things stand now; null: there is nothing to judge by. Call it before the scan is sent: what the hub
   * does with this very scan must not count against it.
   */
  async judge(scan: Scan): Promise<Judged | null> {
    const scene = this.#scene;
    if (scene === null || scan.code === null) return null;
    const code = read(scan.code);
    const found = code === null ? null : await this.#options.keeper.book.find(code);
    // It may be in the part of the book that is still to come.
    if (code !== null && found === null && !this.#options.keeper.isWhole) return null;
    const offer = found && this.#offerOf(scene, found);
    const at = instant(scan.scannedAt);
    const own = found === null ? null : this.#options.pending(found.ordinal);
    const uses = (found?.uses ?? 0) + (own?.units ?? 0);
    const gates = new Map(scene.gates.map(({ id }) => [id, false]));
    let reason = judge(
      found && { dead: found.dead, claimed: found.claimed, uses, maxUses: found.maxUses },
      offer && {
        claimable: offer.claimable,
        redeemFrom: offer.redeem_from === null ? null : instant(offer.redeem_from),
        redeemUntil: offer.redeem_until === null ? null : instant(offer.redeem_until),
        gateIds: offer.gate_ids,
      },
      { event: scene.event.status, offer: offer?.status ?? 'active' },
      gateOfScan(scan.gateId, null, gates, true),
      scan.units,
      at,
      false,
    );
    if (reason === null && found !== null && offer !== null)
      reason = this.#unlessLent(offer, found.ordinal);
    const verdict = this.#verdict(scan, reason, found, offer, uses, own?.at ?? null);
    return { reason, ordinal: found?.ordinal ?? null, verdict };
  }

  #offerOf(scene: Scene, found: Found): SceneOffer | null {
    return scene.offers.find(({ id }) => tailOf(id) === found.offerTail) ?? null;
  }

  /** What the rules would let in, the offer may still want a network for. */
  #unlessLent(offer: SceneOffer, ordinal: number): RefusalReason | null {
    if (offer.offline === 'allow') return null;
    if (offer.offline === 'online_only') return 'online_only';
    const lease = this.#leases.get(ordinal);
    const isMine =
      lease !== undefined && instantOf(this.#options.clock.now()) < instant(lease.until);
    return isMine ? null : 'leased';
  }

  #verdict(
    scan: Scan,
    reason: RefusalReason | null,
    found: Found | null,
    offer: SceneOffer | null,
    usesBefore: number,
    usedHereAt: string | null,
  ): RedeemVerdict {
    const uses = reason === null ? usesBefore + scan.units : usesBefore;
    const secondsAgo =
      usedHereAt === null ? 0 : (this.#options.clock.now() - Date.parse(usedHereAt)) / 1_000;
    return {
      verdict: reason === null ? 'accepted' : 'refused',
      reason,
      message: '',
      replayed: false,
      dry_run: false,
      redemption_id: null,
      seq: null,
      redeemed_at: reason === null ? scan.scannedAt : null,
      conflict_id: null,
      leased_until: null,
      voucher:
        found === null || offer === null
          ? null
          : {
              id: `book:${found.ordinal}`,
              code: `…${(scan.code ?? '').slice(-2)}`,
              state: found.dead ? 'voided' : uses >= found.maxUses ? 'redeemed' : 'issued',
              offer_id: offer.id,
              offer_title: offer.title,
              uses,
              max_uses: found.maxUses,
              remaining: Math.max(0, found.maxUses - uses),
              guest_name: found.guestName,
            },
      previous:
        reason === 'already_redeemed' && usedHereAt !== null
          ? {
              redemption_id: '',
              redeemed_at: usedHereAt,
              gate: null,
              device: null,
              seconds_ago: Math.max(0, Math.round(secondsAgo)),
              same_device: true,
            }
          : null,
    };
  }

  async #keepLeases(): Promise<void> {
    await this.#options.vault.put({ [LEASES]: this.leases });
  }
}

function sceneOffer(offer: SceneOffer): SceneOffer {
  const { id, title, status, claimable, redeem_from, redeem_until, gate_ids, offline } = offer;
  return { id, title, status, claimable, redeem_from, redeem_until, gate_ids, offline };
}
