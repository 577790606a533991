/**
 * socket.io for Node with its Redis adapter: one of two nodes. `node socketio.mjs PORT REDIS_SOCKET`.
 *
 * `emit {payload, rate, seconds}` on its standard input -> `{sent}`: to a room, for the watchers of both nodes.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { Server } = require('socket.io');
const { createAdapter } = require('@socket.io/redis-adapter');
const { createClient } = require('@redis/client');

const ROOM = 'watchers';
const [port, path] = process.argv.slice(2);
const publisher = createClient({ socket: { path } });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(publisher, subscriber),
  transports: ['websocket'],
  perMessageDeflate: false,
});
io.on('connection', (socket) => void socket.join(ROOM));
await new Promise((resolve) => http.listen(Number(port), '127.0.0.1', 4096, resolve));

const rest = (until) => new Promise((resolve) => setTimeout(resolve, Math.max(0, until - performance.now())));

for await (const line of createInterface({ input: process.stdin })) {
  const { payload, rate, seconds } = JSON.parse(line);
  const began = performance.now();
  const count = Math.floor(rate * seconds);
  for (let number = 0; number < count; number++) {
    await rest(began + (number * 1000) / rate);
    const seq = payload.to_seq + 1;
    payload.from_seq = payload.to_seq = payload.entries[0].seq = seq;
    io.to(ROOM).emit('ledger', payload);
  }
  console.log(JSON.stringify({ sent: count }));
}
process.exit(0);
