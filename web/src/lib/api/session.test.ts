// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ask, createApi } from './client.ts';
import { ApiProblem, Unreachable } from './problem.ts';
import { Session, type EndReason } from './session.ts';
import type { SignedIn } from './types.ts';

const BASE = 'http://hub.test';

/** localStorage as tabs of one origin share it. */
class Shared implements Storage {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  clear(): void {
    this.#items.clear();
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
}

function signedIn(turn: number, userId = 'u1'): SignedIn {
  const at = '2026-07-04T20:00:00Z';
  return {
    user: { id: userId, email: 'a@b.test', name: 'Ada', version: 1, created_at: at, updated_at: at },
    access_token: `access-${turn}`,
    refresh_token: `refresh-${turn}`,
    token_type: 'bearer',
    expires_in: 900,
  };
}

type Handler = (path: string, request: Request) => Response | Promise<Response>;

let storage: Shared;
let calls: string[];
let handle: Handler;
let clock: number;
let ends: (EndReason | null)[];

const send: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const path = new URL(request.url).pathname.replace('/api/v1', '');
  calls.push(path);
  return handle(path, request);
};

/** Runs the tasks of all tabs one after the other, as Web Locks do. */
function locks(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => undefined);
    return next;
  };
}

let exclusively = locks();

function tab(): Session {
  const session = new Session({ fetch: send, storage, exclusively, base: BASE, now: () => clock });
  session.onChange((_, reason) => ends.push(reason));
  return session;
}

/** A hub that rotates refresh tokens and ends the session when an old one comes back. */
function rotating(): Handler {
  let turn = 1;
  return async (path, request) => {
    if (path !== '/auth/refresh') return Response.json({ items: [], next_cursor: null });
    const { refresh_token } = (await request.json()) as { refresh_token: string };
    if (refresh_token !== `refresh-${turn}`)
      return Response.json({ status: 401, title: 'Unauthorized' }, { status: 401 });
    return Response.json(signedIn(++turn));
  };
}

beforeEach(() => {
  storage = new Shared();
  exclusively = locks();
  calls = [];
  ends = [];
  clock = 1_000_000;
  handle = rotating();
});

describe('the access token', () => {
  it('is used until it is about to expire, and then refreshed once for all who ask', async () => {
    const session = tab();
    session.begin(signedIn(1));
    expect(await session.token()).toBe('access-1');
    clock += 880_000;
    const tokens = await Promise.all([session.token(), session.token(), session.token()]);
    expect(tokens).toEqual(['access-2', 'access-2', 'access-2']);
    expect(calls).toEqual(['/auth/refresh']);
  });

  it('survives a reload, and is never stored', async () => {
    tab().begin(signedIn(1));
    expect(JSON.stringify([...Array(storage.length).keys()].map((i) => storage.getItem(storage.key(i)!)))).not.toContain(
      'access',
    );
    const reloaded = tab();
    expect(reloaded.isKept).toBe(true);
    expect(await reloaded.token()).toBe('access-2');
    expect(reloaded.user?.name).toBe('Ada');
  });

  it('is rotated by several tabs without ending the session', async () => {
    tab().begin(signedIn(1));
    const tabs = [tab(), tab(), tab()];
    const tokens = await Promise.all(tabs.map((one) => one.token()));
    expect(new Set(tokens)).toEqual(new Set(['access-2', 'access-3', 'access-4']));
    expect(ends).toEqual([null, null, null, null]);
  });

  it('takes the successor that another tab got, where there are no locks', async () => {
    tab().begin(signedIn(1));
    const slow = tab();
    handle = async (_path, request) => {
      const { refresh_token } = (await request.json()) as { refresh_token: string };
      if (refresh_token === 'refresh-7') return Response.json(signedIn(8));
      storage.setItem('dibs.session', JSON.stringify({ user_id: 'u1', refresh_token: 'refresh-7' }));
      return Response.json({ status: 401 }, { status: 401 });
    };
    expect(await slow.token()).toBe('access-8');
  });
});

describe('a session ends', () => {
  it('when the hub does not know it any more', async () => {
    const session = tab();
    session.begin(signedIn(9));
    clock += 900_000;
    expect(await session.token()).toBeNull();
    expect(ends).toEqual([null, 'expired']);
    expect(storage.length).toBe(0);
  });

  it('not when the hub is away or broken', async () => {
    const session = tab();
    session.begin(signedIn(1));
    clock += 900_000;
    handle = () => Promise.reject(new TypeError('offline'));
    await expect(session.token()).rejects.toThrow(Unreachable);
    handle = () => Response.json({ status: 503 }, { status: 503 });
    await expect(session.token()).rejects.toThrow(ApiProblem);
    handle = rotating();
    expect(await session.token()).toBe('access-2');
    expect(ends).toEqual([null]);
  });

  it('asks again for an answer that was lost', async () => {
    const session = tab();
    session.begin(signedIn(1));
    clock += 900_000;
    let lost = true;
    const hub = rotating();
    handle = (path, request) => {
      if (!lost) return hub(path, request);
      lost = false;
      return Promise.reject(new TypeError('lost'));
    };
    expect(await session.token()).toBe('access-2');
  });

  it('by signing out, also while a refresh is under way', async () => {
    const session = tab();
    session.begin(signedIn(1));
    clock += 900_000;
    const hub = rotating();
    handle = async (path, request) => {
      const answer = await hub(path, request);
      session.signOut();
      return answer;
    };
    expect(await session.token()).toBeNull();
    expect(storage.length).toBe(0);
    expect(session.user).toBeNull();
  });

  it('by the hub’s word, which in another tab’s case may come long after somebody signed in anew', async () => {
    const session = tab();
    session.begin(signedIn(1));
    session.endedByHub('ended');
    expect(storage.length).toBe(0);
    session.begin(signedIn(1));
    session.endedByHub('signed_out');
    expect(storage.length).toBe(1);
    expect(ends).toEqual([null, 'revoked', null, 'elsewhere']);
    expect(await session.token()).not.toBeNull();
  });
});

describe('calls', () => {
  it('carry the token, and are tried once more with a fresh one', async () => {
    const session = tab();
    session.begin(signedIn(1));
    const hub = rotating();
    const seen: (string | null)[] = [];
    handle = (path, request) => {
      if (path === '/auth/refresh') return hub(path, request);
      seen.push(request.headers.get('Authorization'));
      return request.headers.get('Authorization') === 'Bearer access-2'
        ? Response.json({ items: [], next_cursor: null })
        : Response.json({ status: 401 }, { status: 401 });
    };
    const api = createApi({ session, base: BASE, fetch: send });
    const { items } = await ask(api.GET('/api/v1/events', {}));
    expect(items).toEqual([]);
    expect(seen).toEqual(['Bearer access-1', 'Bearer access-2']);
  });

  it('throw the hub’s problem, with how long to wait', async () => {
    handle = () =>
      Response.json(
        { status: 429, title: 'Too Many Requests', detail: 'Wait.' },
        { status: 429, headers: { 'Retry-After': '30' } },
      );
    const api = createApi({ base: BASE, fetch: send });
    const refused = ask(api.GET('/api/v1/events', {}));
    await expect(refused).rejects.toMatchObject({ status: 429, detail: 'Wait.', retryAfter: 30 });
  });

  it('tell a proxy’s page and a lost network apart', async () => {
    const api = createApi({ base: BASE, fetch: send });
    handle = () => new Response('<h1>Bad gateway</h1>', { status: 502 });
    await expect(ask(api.GET('/api/v1/events', {}))).rejects.toMatchObject({ status: 502, detail: null });
    handle = () => Promise.reject(new TypeError('offline'));
    await expect(ask(api.GET('/api/v1/events', {}))).rejects.toThrow(Unreachable);
  });

  it('of nobody bring no token', async () => {
    const spy = vi.fn(() => Response.json({ items: [], next_cursor: null }));
    handle = (_path, request) => {
      expect(request.headers.get('Authorization')).toBeNull();
      return spy();
    };
    await ask(createApi({ base: BASE, fetch: send }).GET('/api/v1/events', {}));
    expect(spy).toHaveBeenCalledOnce();
  });
});
