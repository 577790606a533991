/**
 * An organizer's session in this browser.
 *
 * Where the tokens live: the access token (15 minutes) in memory only; the refresh token in this origin's localStorage, so
 * that a reload or a second tab need not ask for the password. A script of this origin could read it there, which is why
 * the pages run under a strict Content-Security-Policy and load nothing from elsewhere; the token rotates at every use,
 * and using an old one ends the session.
 */
import { ApiProblem, Unreachable } from './problem.ts';
import type { SignedIn, User } from './types.ts';

/** Why nobody is signed in any more. */
export type EndReason = 'signed-out' | 'expired' | 'elsewhere' | 'revoked' | 'new-password';

/** What is kept between visits. `user_id` tells tabs of different accounts apart. */
interface Kept {
  readonly user_id: string;
  readonly refresh_token: string;
}

export interface SessionOptions {
  readonly fetch?: typeof fetch;
  readonly storage?: Storage;
  /** Runs the task while no other tab runs one. */
  readonly exclusively?: <Result>(task: () => Promise<Result>) => Promise<Result>;
  /** The hub's origin; empty: the page's own. */
  readonly base?: string;
  readonly now?: () => number;
}

type Listener = (user: User | null, reason: EndReason | null) => void;

const KEY = 'dibs.session';
const REFRESH_PATH = '/api/v1/auth/refresh';
/** A token that is about to expire on the way is no use. */
const MARGIN_MS = 30_000;
const ANSWER_MS = 15_000;
/** A lost answer is asked for again well within the 10 s in which the same token gets the same successor. */
const ASK_AGAIN_MS = 300;

export class Session {
  readonly #fetch: typeof fetch;
  readonly #storage: Storage;
  readonly #exclusively: <Result>(task: () => Promise<Result>) => Promise<Result>;
  readonly #base: string;
  readonly #now: () => number;
  readonly #listeners = new Set<Listener>();
  #user: User | null = null;
  #access: { readonly token: string; readonly until: number } | null = null;
  #refreshing: Promise<string | null> | null = null;

  constructor(options: SessionOptions = {}) {
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.#storage = options.storage ?? localStorage;
    this.#exclusively = options.exclusively ?? acrossTabs;
    this.#base = options.base ?? '';
    this.#now = options.now ?? Date.now;
  }

  get user(): User | null {
    return this.#user;
  }

  /** Whether an earlier visit left a session; `token` tells whether it still holds. */
  get isKept(): boolean {
    return this.#read() !== null;
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins with what register or login answered. */
  begin(signedIn: SignedIn): void {
    this.#keep(signedIn);
    this.#tell(null);
  }

  /**
   * Returns a valid access token, a refreshed one where the old one expires or `refused` says that it does not hold.
   * Null: nobody is signed in, or the session ended. One refresh at a time, whoever asks.
   *
   * @throws Unreachable or ApiProblem when the hub cannot answer now; the session stays.
   */
  async token(refused: string | boolean = false): Promise<string | null> {
    const access = this.#access;
    const isRefused = refused === true || (access !== null && refused === access.token);
    if (access !== null && !isRefused && this.#now() < access.until) return access.token;
    this.#refreshing ??= this.#exclusively(() => this.#refresh()).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Signs out here and in every other tab; the hub is told, but nobody waits for it. */
  signOut(): void {
    const token = this.#access?.token;
    if (token !== undefined)
      void this.#fetch(`${this.#base}/api/v1/auth/logout`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
        keepalive: true,
      }).catch(() => undefined);
    this.end('signed-out');
  }

  /** Forgets the session. Other tabs notice by the storage. */
  end(reason: EndReason): void {
    this.#storage.removeItem(KEY);
    this.#forget(reason);
  }

  /**
   * The hub says that the session ended, and why (`session_ended`). Who signs out does so in one of the tabs that share
   * the session: that word may be here before the storage's, or long after it, when another session is kept there.
   */
  endedByHub(reason: string): void {
    if (reason === 'signed_out') this.#forget('elsewhere');
    else this.end('revoked');
  }

  /** Takes part in what other tabs do: sign-out, sign-in, and another account. Returns what stops it. */
  followOtherTabs(target: Window = window): () => void {
    const listen = (event: StorageEvent): void => {
      if (event.storageArea !== this.#storage || (event.key !== KEY && event.key !== null)) return;
      const kept = this.#read();
      if (kept === null) {
        if (this.#user !== null) this.#forget('elsewhere');
      } else if (kept.user_id !== this.#user?.id) {
        this.#access = null;
        this.token().catch(() => undefined);
      }
    };
    target.addEventListener('storage', listen);
    return () => target.removeEventListener('storage', listen);
  }

  async #refresh(): Promise<string | null> {
    let kept = this.#read();
    while (kept !== null) {
      const response = await this.#ask(kept.refresh_token);
      if (response.ok) {
        const before = this.#user?.id;
        const signedIn = (await response.json()) as SignedIn;
        // Signed out while the answer was under way: it stays so.
        if (this.#read() === null) break;
        this.#keep(signedIn);
        if (signedIn.user.id !== before) this.#tell(null);
        return signedIn.access_token;
      }
      const problem = ApiProblem.from(await response.json().catch(() => null), response.status);
      if (problem.status !== 401 && problem.status !== 422) throw problem;
      // Without locks another tab may have been quicker: then its successor is the one to use.
      const latest = this.#read();
      if (latest?.refresh_token === kept.refresh_token) {
        this.end('expired');
        return null;
      }
      kept = latest;
    }
    if (this.#user !== null) this.#forget('elsewhere');
    return null;
  }

  async #ask(refresh_token: string): Promise<Response> {
    const once = (): Promise<Response> =>
      this.#fetch(this.#base + REFRESH_PATH, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refresh_token }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    try {
      return await once();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      return once().catch((error: unknown) => {
        throw new Unreachable('refresh', { cause: error });
      });
    }
  }

  #keep({ user, access_token, refresh_token, expires_in }: SignedIn): void {
    const kept: Kept = { user_id: user.id, refresh_token };
    this.#storage.setItem(KEY, JSON.stringify(kept));
    this.#user = user;
    this.#access = { token: access_token, until: this.#now() + expires_in * 1000 - MARGIN_MS };
  }

  #read(): Kept | null {
    try {
      return JSON.parse(this.#storage.getItem(KEY) ?? 'null') as Kept | null;
    } catch {
      return null;
    }
  }

  #forget(reason: EndReason): void {
    this.#user = null;
    this.#access = null;
    this.#tell(reason);
  }

  #tell(reason: EndReason | null): void {
    for (const listener of this.#listeners) listener(this.#user, reason);
  }
}

/** Web Locks exist in secure contexts only; without them the hub's 10 seconds of grace must do. */
async function acrossTabs<Result>(task: () => Promise<Result>): Promise<Result> {
  if (!('locks' in navigator)) return task();
  return (await navigator.locks.request('dibs.refresh', task)) as Result;
}
