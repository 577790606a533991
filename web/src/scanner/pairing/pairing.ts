/** How a phone becomes a door: the pairing code is traded for the device's token, once, and nothing is lost on the way. */
import { ask, createApi, type Api } from '../../lib/api/client.ts';
import { Unreachable } from '../../lib/api/problem.ts';
import type { Paired } from '../../lib/api/types.ts';
import type { Outbox } from '../../lib/check/outbox.ts';
import { folded } from '../../lib/codes/codes.ts';
import { freshKey } from '../shift/id.ts';
import { KEPT, type Kept } from './kept.ts';

export const CODE_LENGTH = 8;

interface Asked {
  readonly code: string;
  readonly nonce: string;
}

const ASKED = 'pairing-asked';
const TRIES = 3;

/** The one spelling of a pairing code that is typed, whole or not yet. */
export function pairingCode(typed: string): string {
  return folded(typed);
}

/** The code in what a camera sees or an address holds: a pairing address, or the code alone. Null: it is neither. */
export function pairingCodeIn(scanned: string): string | null {
  const address = /^https?:\/\/[^\s]+\/door\/?#([^\s]+)$/i.exec(scanned.trim());
  const code = folded(address?.[1] ?? scanned);
  return /^[0-9A-Z]{8}$/.test(code) ? code : null;
}

/** Whether it is an address that pairs, and no guest's code. */
export function isPairingAddress(scanned: string): boolean {
  return /\/door\/?#/i.test(scanned) && pairingCodeIn(scanned) !== null;
}

export class PairingDesk {
  readonly #outbox: Outbox;
  readonly #api: Api;

  constructor(outbox: Outbox, options: { readonly base?: string } = {}) {
    this.#outbox = outbox;
    this.#api = createApi(options);
  }

  /** What this phone is; null: not paired. */
  async kept(): Promise<Kept | null> {
    return (await this.#outbox.kept<Kept>(KEPT)) ?? null;
  }

  async keep(kept: Kept): Promise<void> {
    await this.#outbox.keep(KEPT, kept);
  }

  /** Ends what that token is for; what this phone has become since stays. */
  async forget(token: string): Promise<void> {
    if ((await this.kept())?.token === token) await this.#outbox.keep(KEPT, undefined);
  }

  /**
   * Trades the code for the device's token. A code that was asked for already is asked for with the nonce of then: so an
   * answer that was lost, in a reload too, can be had again.
   *
   * @throws ApiProblem when the hub refuses it; Unreachable when it does not answer.
   */
  async pair(code: string): Promise<Kept> {
    const before = await this.#outbox.kept<Asked>(ASKED);
    const nonce = before?.code === code ? before.nonce : freshKey();
    await this.#outbox.keep(ASKED, { code, nonce } satisfies Asked);
    const { device_token, device, event, gate } = await this.#asked(code, nonce);
    const { id, name, timezone } = event;
    const kept: Kept = {
      token: device_token,
      device,
      event: { id, name, timezone },
      gate: gate && { id: gate.id, name: gate.name },
    };
    await this.keep(kept);
    await this.#outbox.keep(ASKED, undefined);
    return kept;
  }

  async #asked(pairing_code: string, pairing_nonce: string): Promise<Paired> {
    for (let tries = 1; ; tries++) {
      try {
        const body = { pairing_code, pairing_nonce };
        return await ask(this.#api.POST('/api/v1/devices/pair', { body }));
      } catch (error) {
        if (!(error instanceof Unreachable) || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500 * tries));
      }
    }
  }
}
