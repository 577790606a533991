import { createContext } from 'svelte';

import type { Api } from '../lib/api/client.ts';
import type { Session } from '../lib/api/session.ts';
import type { User } from '../lib/api/types.ts';

/** What every part of the app shares. */
export interface AppContext {
  readonly session: Session;
  readonly api: Api;
  /** The hub's origin; empty: the page's own. */
  readonly hub: string;
  /** Who is signed in; null on the pages for nobody. */
  readonly user: User | null;
}

export const [appContext, setAppContext] = createContext<AppContext>();
