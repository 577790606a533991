/** A real Socket.IO server that speaks the contract's `watch`, with faults to order. Loopback only. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Server, type Socket } from 'socket.io';

import type { Entry } from '../../api/types.ts';
import { EVENT_ID, GrowingLedger } from './ledger.ts';

interface WatchCall {
  event_id: string;
  epoch?: string;
  after_seq?: number;
}

type Reply = (ack: object) => void;

export class TestHub {
  ledger = new GrowingLedger();
  /** What clients asked `watch` with, in order. */
  readonly watches: WatchCall[] = [];
  /** The tokens of every connect, in order. */
  readonly tokens: unknown[] = [];
  /** Entries a `watch` answers with at most; beyond it a snapshot. */
  mostEntries = 1_000;
  /** Runs before a `watch` is answered: what is sent here arrives before the answer. */
  beforeAck: (socket: Socket) => void | Promise<void> = () => undefined;
  /** Refuses a connect by this problem. */
  refuse: (token: unknown) => object | null = () => null;
  /** Refuses a `watch` by this problem. */
  refuseWatch: (() => object | null) | null = null;
  /** What `watch_public` is answered with. */
  publicAck: object = {};
  readonly #http = createServer();
  readonly #io = new Server(this.#http, {
    transports: ['websocket'],
  });

  url = '';

  static async start(port = 0): Promise<TestHub> {
    const hub = new TestHub();
    await new Promise<void>((resolve, reject) => {
      hub.#http.once('error', reject);
      hub.#http.listen(port, '127.0.0.1', resolve);
    });
    hub.url = `http://127.0.0.1:${(hub.#http.address() as AddressInfo).port}`;
    return hub;
  }

  private constructor() {
    this.#io.use((socket, next) => {
      const token = socket.handshake.auth['token'] as unknown;
      this.tokens.push(token);
      const problem = this.refuse(token);
      next(problem === null ? undefined : Object.assign(new Error('refused'), { data: problem }));
    });
    this.#io.on('connection', (socket) => {
      socket.on('watch_public', (_: object, reply: Reply) =>
        reply({ ok: true, ...this.publicAck }),
      );
      socket.on('watch', (call: WatchCall, reply: Reply) => void this.#watch(socket, call, reply));
    });
  }

  /** Sends entries to all who watch, as one frame. */
  send(entries: readonly Entry[], epoch = this.ledger.epoch): void {
    this.#io.emit('ledger', {
      event_id: EVENT_ID,
      epoch,
      from_seq: entries[0]?.seq,
      to_seq: entries.at(-1)?.seq,
      entries,
    });
  }

  beacon(): void {
    const { epoch, head } = this.ledger;
    this.emit('head', { event_id: EVENT_ID, epoch, head_seq: head });
  }

  emit(name: string, payload: object): void {
    this.#io.emit(name, payload);
  }

  /** Breaks every connection as a network does: no goodbye. */
  breakConnections(): void {
    for (const socket of this.#io.sockets.sockets.values()) socket.conn.close();
  }

  /** Disconnects every socket as the hub does to a slow reader. */
  disconnectAll(): void {
    this.#io.disconnectSockets();
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  async #watch(socket: Socket, call: WatchCall, reply: Reply): Promise<void> {
    this.watches.push(call);
    const problem = this.refuseWatch?.() ?? null;
    if (problem !== null) return reply({ ok: false, problem });
    const { epoch, head, now } = this.ledger;
    const entries = this.ledger.after(call.after_seq ?? 0);
    const resume =
      call.after_seq !== undefined && call.epoch === epoch && entries.length <= this.mostEntries;
    await this.beforeAck(socket);
    reply({
      ok: true,
      epoch,
      head_seq: head,
      snapshot: resume ? null : now,
      entries: resume ? entries : [],
      resync: !resume && call.after_seq !== undefined,
    });
  }
}
