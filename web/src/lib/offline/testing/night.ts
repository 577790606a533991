/**
 * Ten doors in one process, driven over standard input and output by tests/offline/test_night.py: a line of JSON each way.
 * The doors' own logic is real; the network, the clocks and the storage are the test's.
 *
 * → `{id, op, door, t, …}`: do something at `t` (the hub's time); answered by `{done: id, …}`.
 * ← `{ask: n, door, what, …}`: the door wants something of the hub; answered by `{answer: n, ok | problem | lost}`.
 */
import { createInterface } from 'node:readline';

import { ApiProblem, Unreachable } from '../../api/problem.ts';
import type { RedeemRequest, RedeemVerdict } from '../../api/types.ts';
import type { Answer, Listener, Scan } from '../../check/check.ts';
import { DoorClock } from '../clock.ts';
import { Door } from '../door.ts';
import type { BatchResult, DoorState, Network } from '../network.ts';
import { MemoryShelf } from '../shelf.ts';
import { ownLock, requestOf } from '../uploads.ts';
import { MemoryOutbox } from './memory.ts';

type Json = Record<string, unknown>;
type Mutation = 'none' | 'drops-queue' | 'new-key' | 'own-clock';

let now = 0;
let asked = 0;
/** What threads of their own are doing: no number of turns waits for those. */
let sealing = 0;
for (const name of ['encrypt', 'decrypt', 'deriveBits', 'importKey', 'digest'] as const) {
  const work = crypto.subtle[name].bind(crypto.subtle) as (...given: unknown[]) => Promise<unknown>;
  const counted = (...given: unknown[]): Promise<unknown> => {
    sealing++;
    return work(...given).finally(() => sealing--);
  };
  Object.defineProperty(crypto.subtle, name, { value: counted });
}
const waiting = new Map<number, (answer: Json) => void>();
const say = (line: Json): void => void process.stdout.write(JSON.stringify(line) + '\n');

function ask(door: number, what: string, more: Json): Promise<unknown> {
  const number = ++asked;
  return new Promise((resolve, reject) => {
    waiting.set(number, (answer) => {
      if (answer['problem'] !== undefined)
        reject(ApiProblem.from(answer['problem'], Number(answer['status'] ?? 500)));
      else if (answer['lost'] === true) reject(new Unreachable('no answer'));
      else resolve(answer['ok']);
    });
    say({ ask: number, door, what, ...more });
  });
}

/** A door whose clock is the phone's own, whatever the hub says. */
class OwnClock extends DoorClock {
  override now(): number {
    return this.deviceTime();
  }
}

class Phone {
  readonly number: number;
  readonly eventId: string;
  readonly mutation: Mutation;
  readonly shelf = new MemoryShelf();
  readonly outbox = new MemoryOutbox();
  /** The device's clock less the hub's, milliseconds. */
  skew = 0;
  /** What the door showed: the key and the answer, in order. */
  shown: [string, Answer][] = [];
  #door: Door | null = null;
  #told: ((key: string) => void) | null = null;
  #patience: (() => void)[] = [];

  constructor(number: number, eventId: string, mutation: Mutation) {
    this.number = number;
    this.eventId = eventId;
    this.mutation = mutation;
  }

  get door(): Door {
    if (this.#door === null) throw new Error('this phone is off');
    return this.#door;
  }

  async start(): Promise<void> {
    this.#door?.close();
    this.#patience = [];
    if (this.#door !== null && this.mutation === 'drops-queue') this.outbox.items = [];
    const listener: Listener = {
      answered: (key, answer) => {
        this.shown.push([key, answer]);
        this.#told?.(key);
        return true;
      },
      undone: () => undefined,
      ended: () => undefined,
    };
    this.#door = await Door.open({
      eventId: this.eventId,
      shelf: this.shelf,
      outbox: this.outbox,
      clocks: { wall: () => now + this.skew, monotonic: () => now },
      lock: ownLock(),
      listener,
      after: (milliseconds, callback) => {
        if (milliseconds === 800) this.#patience.push(callback);
        return () => undefined;
      },
      connect: (clock) => this.#connect(clock),
    });
    if (this.mutation === 'own-clock') Object.setPrototypeOf(this.#door.clock, OwnClock.prototype);
  }

  /** A guest: resolves when the door shows something. */
  async scan(key: string, code: string, units: number): Promise<void> {
    const shown = this.#next(key);
    const scan: Scan = {
      key,
      eventId: this.eventId,
      code,
      voucherId: null,
      units,
      gateId: null,
      scannedAt: new Date(now + this.skew).toISOString(),
    };
    await this.door.check.check(scan);
    await shown;
  }

  /** Resolves when the door shows something of that key. */
  #next(key: string): Promise<void> {
    return new Promise((resolve) => {
      this.#told = (told) => {
        if (told === key) resolve();
      };
    });
  }

  /** The hub lets the door wait for longer than it has patience. */
  losePatience(): void {
    for (const callback of this.#patience.splice(0)) callback();
  }

  #connect(clock: DoorClock): {
    network: Network;
    ways: { redeem: ((scan: Scan) => Promise<RedeemVerdict>)[]; reverse: () => never };
  } {
    const call = async (what: string, more: Json): Promise<unknown> => {
      const sent = now;
      const answer = (await ask(this.number, what, more)) as Json;
      clock.contact(sent, Number(answer['server_time']));
      return answer['body'];
    };
    const keyed = (request: RedeemRequest): RedeemRequest =>
      this.mutation === 'new-key'
        ? { ...request, idempotency_key: `${request.idempotency_key}-${++asked}`.slice(0, 64) }
        : request;
    const network: Network = {
      redeem: async (request) => (await call('redeem', { request })) as RedeemVerdict,
      batch: async (items) =>
        (await call('batch', { items: items.map(keyed) })) as readonly BatchResult[],
      chunk: async (after) =>
        Uint8Array.from(Buffer.from((await call('chunk', { after })) as string, 'base64')),
      state: async (after) => (await call('state', { after })) as DoorState,
      returnLease: async (voucherId) => void (await call('return', { voucherId })),
    };
    const redeem = (scan: Scan): Promise<RedeemVerdict> => network.redeem(requestOf({ scan }));
    return {
      network,
      ways: {
        redeem: [redeem],
        reverse: () => {
          throw new Unreachable('doors of this night take nothing back');
        },
      },
    };
  }
}

const phones = new Map<number, Phone>();

async function act(line: Json): Promise<Json> {
  const number = Number(line['door']);
  if (line['op'] === 'open') {
    const phone = new Phone(number, String(line['event_id']), line['mutation'] as Mutation);
    phones.set(number, phone);
    await phone.start();
    return {};
  }
  const phone = phones.get(number);
  if (phone === undefined) throw new Error(`there is no door ${number}`);
  switch (line['op']) {
    case 'scene':
      await phone.door.know(line['snapshot'] as never);
      return {};
    case 'refresh':
      await phone.door.refresh().catch((error: unknown) => {
        if (!(error instanceof Unreachable || error instanceof ApiProblem)) throw error;
      });
      return {};
    case 'scan':
      await phone.scan(String(line['key']), String(line['code']), Number(line['units']));
      return {};
    case 'flush':
      await phone.door.check.flush();
      return { pending: phone.outbox.items.length };
    case 'reload':
      // A page that dies while it writes down the time is one whose clock nobody knows: tests/offline calls that unsure,
      // and has to know which it is.
      await phone.door.settled();
      await phone.start();
      return {};
    case 'skew':
      phone.skew = Number(line['skew']);
      return {};
    case 'settle':
      for (let turn = 0; turn < 20; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (sealing > 0) turn = 0;
      }
      return { pending: phone.outbox.items.length };
    case 'shown': {
      const { shown } = phone;
      phone.shown = [];
      return { shown };
    }
    default:
      throw new Error(`unknown: ${String(line['op'])}`);
  }
}

async function take(line: Json): Promise<void> {
  if (line['t'] !== undefined) now = Number(line['t']);
  if (line['answer'] !== undefined) {
    const number = Number(line['answer']);
    waiting.get(number)?.(line);
    waiting.delete(number);
    return;
  }
  if (line['slow'] !== undefined) return phones.get(Number(line['slow']))?.losePatience();
  try {
    say({ done: line['id'], ...(await act(line)) });
  } catch (error) {
    say({ done: line['id'], error: String(error instanceof Error ? error.stack : error) });
  }
}

createInterface({ input: process.stdin }).on('line', (text) => {
  void take(JSON.parse(text) as Json);
});
