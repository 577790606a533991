// @ts-check
/**
 * The independent Socket.IO client of the hub's tests: `socket.io-client` from npm, driven over stdin and stdout.
 *
 * Run it as `node web/test-client/client.mjs`. Each line in is a command, each line out is something that happened, both
 * JSON objects. Commands are begun in the order in which they come and do not wait for each other; what a socket receives
 * is printed in the order of its arrival. One process holds as many sockets as wanted: `socket` names one ("main" where it
 * is left out) and stands in every line out.
 *
 * In:
 *   {"do": "connect", "url": "http://127.0.0.1:8080", "token"?: "…", "auth"?: {…}, "transports"?: ["websocket"],
 *    "socket"?: "…"}                     connects once, without reconnecting; websocket only unless told otherwise
 *   {"do": "emit", "event": "watch", "data"?: …, "id": 7, "within"?: 10000, "socket"?: "…"}
 *                                        sends a message; its acknowledgement comes back under the same id
 *   {"do": "send", "event": "watch", "data"?: …, "socket"?: "…"}      sends it without asking for an acknowledgement
 *   {"do": "break", "socket"?: "…"}      breaks the connection as a network does, without a goodbye
 *   {"do": "disconnect", "socket"?: "…"} says goodbye
 *   {"do": "exit"}                       ends the process (so does the end of stdin)
 *
 * Out:
 *   {"got": "ready"}                                             the process listens
 *   {"got": "connected", "socket", "sid", "transport", "compressed": false}
 *   {"got": "refused", "socket", "message", "data": problem or null}   the connection was not accepted
 *   {"got": "event", "socket", "event": "ledger", "data": …}     any message of the server
 *   {"got": "ack", "socket", "id": 7, "data": {"ok": true, …}}
 *   {"got": "unanswered", "socket", "id": 7, "message"}          no acknowledgement came within `within` milliseconds
 *   {"got": "disconnected", "socket", "reason"}                  Socket.IO's reason, e.g. "io server disconnect"
 *   {"got": "error", "message", "line"}                          a line that is no command
 */
import { createInterface } from 'node:readline';

import { io } from 'socket.io-client';

/** @typedef {import('socket.io-client').Socket} Socket */
/** @typedef {Record<string, any> & { do: string, socket?: string }} Command */

const DEFAULT_WITHIN = 10_000;

/** @type {Map<string, Socket>} */
const sockets = new Map();

/** @param {object} line */
function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** @param {string} name */
function socketOf(name) {
  const socket = sockets.get(name);
  if (socket === undefined) throw new Error(`there is no socket "${name}"`);
  return socket;
}

/** @param {string} name @param {Command} command */
function connect(name, { url, token, auth, transports }) {
  sockets.get(name)?.disconnect();
  const socket = io(url, {
    transports: transports ?? ['websocket'],
    auth: { ...(token === undefined ? {} : { token }), ...auth },
    reconnection: false,
    forceNew: true,
  });
  sockets.set(name, socket);
  socket.on('connect', () => {
    const transport = socket.io.engine.transport;
    // What the websocket negotiated shows whether the server compresses.
    const extensions = String(/** @type {any} */ (transport).ws?.extensions ?? '');
    say({
      got: 'connected',
      socket: name,
      sid: socket.id,
      transport: transport.name,
      compressed: extensions.includes('permessage-deflate'),
    });
  });
  socket.on('connect_error', (error) => {
    const { data = null } = /** @type {Error & { data?: unknown }} */ (error);
    say({ got: 'refused', socket: name, message: error.message, data });
  });
  socket.on('disconnect', (reason) => say({ got: 'disconnected', socket: name, reason }));
  socket.onAny((event, data) => say({ got: 'event', socket: name, event, data }));
}

/** @param {string} name @param {Command} command */
async function emit(name, { event, data, id, within = DEFAULT_WITHIN }) {
  try {
    const ack = await socketOf(name)
      .timeout(within)
      .emitWithAck(event, ...arguments_(data));
    say({ got: 'ack', socket: name, id, data: ack });
  } catch (error) {
    say({ got: 'unanswered', socket: name, id, message: String(error) });
  }
}

/** A message without data has no argument at all. @param {unknown} data */
function arguments_(data) {
  return data === undefined ? [] : [data];
}

/** @param {Command} command */
function run(command) {
  const name = command.socket ?? 'main';
  switch (command.do) {
    case 'connect':
      return connect(name, command);
    case 'emit':
      return void emit(name, command);
    case 'send':
      return void socketOf(name).emit(command['event'], ...arguments_(command['data']));
    case 'break': {
      const { transport } = socketOf(name).io.engine;
      const { ws } = /** @type {any} */ (transport);
      return ws.terminate === undefined ? ws.close() : ws.terminate();
    }
    case 'disconnect':
      return void socketOf(name).disconnect();
    case 'exit':
      return process.exit(0);
    default:
      throw new Error(`there is no command "${command.do}"`);
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  try {
    run(JSON.parse(line));
  } catch (error) {
    say({ got: 'error', message: String(error), line });
  }
});
lines.on('close', () => process.exit(0));
say({ got: 'ready' });
