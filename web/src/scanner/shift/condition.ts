import type { Progress } from '../../lib/offline/keeper.ts';

/** How the phone is prepared to be alone, and what it still has to tell. */
export interface Condition {
  /** Whether it can judge by itself. */
  readonly judgesAlone: boolean;
  /** The first download of what it needs for that; null: none goes on. */
  readonly progress: Progress | null;
  /** How many scans have no answer of the hub's yet. */
  readonly waiting: number;
  /** The keys of those that the hub cannot take. */
  readonly aside: readonly string[];
  /** Whether its clock was set while the hub was away. */
  readonly clockSuspect: boolean;
}

export const UNPREPARED: Condition = {
  judgesAlone: false,
  progress: null,
  waiting: 0,
  aside: [],
  clockSuspect: false,
};
