/** What tests of the live client stand on: a hub of their own, and pages that watch it. */
import { expect } from 'vitest';

import type { Entry, Snapshot } from '../../api/types.ts';
import { until } from '../../testing/until.ts';
import { EventWatch, type Connection, type Update, type WatchOptions } from '../client.ts';
import { LiveSocket, type SocketOptions } from '../socket.ts';
import { TestHub } from './hub.ts';
import { EVENT_ID } from './ledger.ts';

function soon(callback: () => void): () => void {
  const timer = setTimeout(callback, 5);
  return () => clearTimeout(timer);
}

/** The hub that a test has for itself. */
export const stage = {} as { hub: TestHub };
const open: { close(): void }[] = [];

export async function setUp(): Promise<void> {
  stage.hub = await TestHub.start();
}

export async function tearDown(): Promise<void> {
  for (const thing of open.splice(0)) thing.close();
  await stage.hub.close();
}

/** A page that watches: what it would show, and everything that it was told. */
export class Page {
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
      url: stage.hub.url,
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
      expect(this.state).toEqual(stage.hub.ledger.now);
    });
  }
}

/** All numbers from the one to the other. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
