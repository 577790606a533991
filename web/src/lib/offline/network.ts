/** The hub as a door reaches it. The browser's is hub.ts; tests bring one whose cables they cut. */
import type { RedeemRequest, RedeemVerdict } from '../api/types.ts';
import type { Burn } from './book.ts';

export interface DoorState {
  readonly epoch: string;
  readonly seq: number;
  readonly whole: boolean;
  readonly burns: readonly Burn[];
}

/** One result of a batch: a verdict, or why that item could not be taken. */
export type BatchResult = RedeemVerdict | { readonly problem: { readonly status?: number } };

/** Each call throws Unreachable when there was no answer (what was asked may have happened), else ApiProblem. */
export interface Network {
  redeem(request: RedeemRequest): Promise<RedeemVerdict>;
  batch(items: readonly RedeemRequest[]): Promise<readonly BatchResult[]>;
  /** The chunk of the book after a revision. */
  chunk(after: number): Promise<Uint8Array>;
  state(afterSeq: number | null): Promise<DoorState>;
  /** Gives back a voucher's lent uses. */
  returnLease(voucherId: string): Promise<void>;
}
