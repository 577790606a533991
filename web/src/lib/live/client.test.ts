import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Entry, Snapshot } from '../api/types.ts';
import { EventWatch, type Connection, type Update, type WatchOptions } from './client.ts';
import { LiveSocket, type SocketOptions } from './socket.ts';
import { EVENT_ID, GrowingLedger } from './testing/ledger.ts';
import { TestHub } from './testing/hub.ts';
import { until } from '../testing/until.ts';

let hub: TestHub;
const open: { close(): void }[] = [];

beforeEach(async () => {
  hub = await TestHub.start();
});

afterEach(async () => {
  for (const thing of open.splice(0)) thing.close();
  await hub.close();
});

function soon(callback: () => void): () => void {
  const timer = setTimeout(callback, 5);
  return () => clearTimeout(timer);
}

/** A page that watches: what it would show, and everything that it was told. */
class Page {
  readonly updates: Update[] = [];
  readonly connections: Connection[] = [];
  readonly ended: string[] = [];
  readonly socket: LiveSocket;
  readonly watch: EventWatch;

  constructor(
    options: Partial<
      SocketOptions & Pick<WatchOptions, 'times' | 'defer' | 'onRole' | 'onMembers'>
    > = {},
  ) {
    this.socket = new LiveSocket({
      url: hub.url,
      token: () => Promise.resolve('t'),
      onEnded: (reason) => this.ended.push(reason),
      retryFrom: 5,
      retryUpTo: 20,
      ...options,
    });
    this.watch = new EventWatch(this.socket, EVENT_ID, {
      ...options,
      onUpdate: (update) => this.updates.push(update),
      onConnection: (connection) => this.connections.push(connection),
      defer: options.defer ?? soon,
      times: { grace: 200, silence: 5_000, answer: 5_000, spread: 5, retry: 10, ...options.times },
    });
    open.push(this.socket);
  }

  get state(): Snapshot | undefined {
    return this.updates.findLast(({ news }) => news !== null)?.news?.snapshot;
  }

  /** The entries that the feed was given, from the last restart on. */
  get fed(): number[] {
    const from = this.updates.findLastIndex(({ news }) => news?.restarted);
    return this.updates
      .slice(Math.max(0, from))
      .flatMap(({ news }) => (news?.entries ?? []).map((entry: Entry) => entry.seq));
  }

  get connection(): Connection | undefined {
    return this.connections.at(-1);
  }

  /** Waits until the page shows exactly what the ledger holds. */
  async converges(): Promise<void> {
    await until(() => {
      expect(this.connection).toBe('live');
      expect(this.state).toEqual(hub.ledger.now);
    });
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('watching', () => {
  it('starts with a snapshot and goes on with the entries', async () => {
    hub.ledger.grow(3);
    const page = new Page();
    await page.converges();
    hub.send(hub.ledger.grow(2));
    await page.converges();
    expect(page.fed).toEqual([5, 6]);
    expect(hub.watches).toEqual([{ event_id: EVENT_ID }]);
    expect(hub.tokens).toEqual(['t']);
  });

  it('takes frames that arrive before the answer to its watch', async () => {
    hub.beforeAck = () => {
      hub.send(hub.ledger.grow(2));
      hub.send(hub.ledger.grow(1));
    };
    const page = new Page();
    await page.converges();
    expect(page.fed).toEqual([2, 3, 4]);
    expect(hub.watches).toHaveLength(1);
  });

  it('takes a frame once, doubled or overlapping', async () => {
    const page = new Page();
    await page.converges();
    const first = hub.ledger.grow(3);
    hub.send(first);
    hub.send(first);
    hub.send([...first.slice(1), ...hub.ledger.grow(2)]);
    await page.converges();
    expect(page.fed).toEqual(range(2, 6));
    expect(hub.watches).toHaveLength(1);
  });

  it('asks for what a gap left out, and loses nothing of what came after it', async () => {
    const page = new Page();
    await page.converges();
    hub.ledger.grow(4);
    hub.send(hub.ledger.grow(1));
    hub.send(hub.ledger.grow(1));
    await page.converges();
    expect(page.fed).toEqual(range(2, 7));
    expect(hub.watches.at(-1)).toEqual({
      event_id: EVENT_ID,
      epoch: hub.ledger.epoch,
      after_seq: 1,
    });
  });

  it('notices by the beacon what was lost at the end', async () => {
    const page = new Page();
    await page.converges();
    hub.ledger.grow(2);
    hub.beacon();
    await page.converges();
    expect(page.fed).toEqual([2, 3]);
  });

  it('does not ask again when the beacon is only quicker than its frame', async () => {
    const page = new Page({ times: { grace: 60_000 } });
    await page.converges();
    const fresh = hub.ledger.grow(1);
    const last = new Promise((resolve) => page.socket.on('scan', resolve));
    hub.beacon();
    hub.send(fresh);
    hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    await last;
    await page.converges();
    expect(hub.watches).toHaveLength(1);
  });

  it('takes a new snapshot where too much was missed', async () => {
    hub.mostEntries = 10;
    const page = new Page();
    await page.converges();
    hub.send(hub.ledger.grow(2));
    await page.converges();
    hub.ledger.grow(11);
    hub.beacon();
    await page.converges();
    expect(page.updates.filter(({ news }) => news?.restarted)).toHaveLength(2);
    expect(page.fed).toEqual([]);
  });

  it('starts anew when history was restored from a backup', async () => {
    hub.ledger.grow(8);
    const page = new Page();
    await page.converges();
    hub.ledger = new GrowingLedger('0197d3a0-0000-7000-8000-0000000000ff');
    hub.ledger.grow(2);
    hub.beacon();
    await page.converges();
    hub.send(hub.ledger.grow(1));
    await page.converges();
    expect(page.fed).toEqual([4]);
  });

  it('holds frames of a new history that arrive before its beacon', async () => {
    const page = new Page();
    await page.converges();
    hub.ledger = new GrowingLedger('0197d3a0-0000-7000-8000-0000000000ff');
    hub.send(hub.ledger.grow(1));
    await page.converges();
  });

  it('tells once per frame of the screen, however much arrives', async () => {
    const frames: (() => void)[] = [];
    const page = new Page({
      defer: (callback) => {
        frames.push(callback);
        return () => undefined;
      },
    });
    await until(() => expect(frames).toHaveLength(1));
    frames[0]?.();
    for (let sent = 0; sent < 200; sent++) hub.send(hub.ledger.grow(1));
    const last = new Promise((resolve) => page.socket.on('scan', resolve));
    hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    await last;
    expect(frames).toHaveLength(2);
    frames[1]?.();
    await page.converges();
    expect(page.fed).toEqual(range(2, 201));
    expect(page.updates).toHaveLength(2);
  });

  it('passes on refused attempts and who is online', async () => {
    const page = new Page();
    await page.converges();
    hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    hub.emit('scan', { event_id: 'another', reason: 'voided' });
    hub.emit('presence', { event_id: EVENT_ID, devices: [] });
    await until(() => expect(page.updates.at(-1)?.presence).not.toBeNull());
    const scans = page.updates.flatMap(({ scans }) => scans);
    expect(scans).toEqual([{ event_id: EVENT_ID, reason: 'unknown_code' }]);
  });
});

describe('connections that break', () => {
  it.each(['breakConnections', 'disconnectAll'] as const)('resumes after %s', async (fault) => {
    const page = new Page();
    await page.converges();
    hub[fault]();
    hub.ledger.grow(5);
    await until(() => expect(page.connections).toContain('lost'));
    await page.converges();
    expect(page.connections).toEqual(['live', 'lost', 'live']);
    expect(page.fed).toEqual(range(2, 6));
    expect(hub.watches.at(-1)?.after_seq).toBe(1);
  });

  it('keeps trying while the hub is away, from the start', async () => {
    await hub.close();
    const page = new Page();
    await until(() => expect(page.connection).toBe('lost'));
    expect(page.state).toBeUndefined();
    const port = Number(new URL(hub.url).port);
    await until(async () => void (hub = await TestHub.start(port))); // another test's hub may have it for a moment
    await page.converges();
  });

  it('says that it is lost when everything goes silent, and finds out whether it still watches', async () => {
    const page = new Page({ times: { silence: 300 } });
    await page.converges();
    await until(() => expect(page.connections).toContain('lost'));
    await page.converges();
    expect(hub.watches.length).toBeGreaterThan(1);
  });

  it('makes a new connection when a watch gets no answer', async () => {
    let silent = true;
    hub.beforeAck = () => (silent ? new Promise(() => undefined) : undefined);
    const page = new Page({ times: { answer: 200 } });
    await until(() => expect(hub.tokens.length).toBeGreaterThan(1));
    silent = false;
    await page.converges();
  });

  it('tries again later when the hub is busy', async () => {
    let busy = 2;
    hub.refuseWatch = () =>
      busy-- > 0 ? { status: 503, title: 'Service Unavailable', retry_after: 0.01 } : null;
    const page = new Page();
    await page.converges();
    expect(hub.watches).toHaveLength(3);
    expect(hub.tokens).toHaveLength(1);
  });

  it('gives up an event that is not, or no longer, its own', async () => {
    const page = new Page({ times: { silence: 300 } });
    await page.converges();
    hub.refuseWatch = () => ({ status: 404, title: 'Not Found' });
    await until(() => expect(page.connection).toBe('refused'));
  });

  it('asks whether it may still watch when the hub ends a watch', async () => {
    const page = new Page();
    await page.converges();
    hub.emit('unwatched', { event_id: EVENT_ID, reason: 'role' });
    await until(() => expect(hub.watches).toHaveLength(2));
    await page.converges();
    expect(page.connections).toEqual(['live']);
  });

  it.each([
    ['the reader is something else', 'role_changed', 'onRole'],
    ['others work', 'members_changed', 'onMembers'],
  ])('tells that %s in this event now, and not of other events', async (_, message, listener) => {
    const told = vi.fn();
    const page = new Page({ [listener]: told });
    await page.converges();
    hub.emit(message, { event_id: 'another' });
    hub.emit(message, { event_id: EVENT_ID });
    await until(() => expect(told).toHaveBeenCalledOnce());
    expect(hub.watches).toHaveLength(1);
  });

  it('connects with a fresh token when the old one is refused', async () => {
    hub.refuse = (token) => (token === 'old' ? { status: 401 } : null);
    const asked: boolean[] = [];
    const page = new Page({
      token: (refused) => {
        asked.push(refused);
        return Promise.resolve(refused ? 'new' : 'old');
      },
    });
    await page.converges();
    expect(hub.tokens).toEqual(['old', 'new']);
    expect(asked).toEqual([false, true]);
  });

  it('tries again when no token could be had, and ends when there is none any more', async () => {
    const tokens = [new Error('offline'), null];
    const page = new Page({
      token: () => {
        const next = tokens.shift();
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(null);
      },
    });
    await until(() => expect(page.connection).toBe('ended'));
    expect(hub.tokens).toEqual([]);
  });

  it('comes back within the time that a hub which stops asks for', async () => {
    // Left to itself it would not come back before the test is over.
    const page = new Page({ retryFrom: 3_600_000, retryUpTo: 3_600_000 });
    await page.converges();
    const told = vi.fn();
    page.socket.on('reconnect', told);
    for (const [connects, within_ms] of [
      [2, 5],
      [3, 20],
    ] as const) {
      hub.emit('reconnect', { within_ms });
      await until(() => expect(told).toHaveBeenLastCalledWith({ within_ms }));
      hub.ledger.grow(2);
      hub.breakConnections();
      await until(() => expect(hub.tokens).toHaveLength(connects));
      await page.converges();
    }
  });

  it('ends for good with its session', async () => {
    const page = new Page();
    await page.converges();
    hub.emit('session_ended', { reason: 'revoked' });
    hub.disconnectAll();
    await until(() => expect(page.connection).toBe('ended'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(page.ended).toEqual(['revoked']);
    expect(hub.tokens).toHaveLength(1);
  });
});
