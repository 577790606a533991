/**
 * The door's service worker: keeps the shell of /door/, so that the app opens without a network, and brings in what the door
 * judged alone when there is one again and no page is open to do it (Background Sync).
 *
 * Answers of the hub to the page never pass through it. It takes over from an older one only when the page asks: never while
 * somebody works.
 */

import { UPLOAD, UPLOADED } from './device/background.ts';
import { broughtIn } from './worker/upload.ts';

/** What is used of a service worker's scope: the library of its types cannot stand beside that of pages. */
interface Scope {
  readonly clients: {
    claim(): Promise<void>;
    matchAll(): Promise<readonly { postMessage(message: unknown): void }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
  addEventListener(type: 'sync', listener: (event: Syncing) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}

interface Lasting {
  waitUntil(task: Promise<unknown>): void;
}

interface Syncing extends Lasting {
  readonly tag: string;
}

interface Fetching {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** The addresses of the shell, and a name for exactly these: the build writes both (`build/shell.ts`). */
declare const SHELL: { readonly version: string; readonly files: readonly string[] };

const worker = self as unknown as Scope;
const { version, files } = SHELL;
const PAGE = '/door/';
const CACHE = `dibs.door.${version}`;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    // Past the browser's own cache: the page is always asked for anew.
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })))),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith('dibs.door.') && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener('message', ({ data }) => {
  if (data === 'start') void worker.skipWaiting();
});

worker.addEventListener('sync', (event) => {
  if (event.tag === UPLOAD) event.waitUntil(bringIn());
});

/** Throws where something still waits: the browser then tries once more. */
async function bringIn(): Promise<void> {
  const isDone = await broughtIn(location.origin);
  // Pages that slept, or were faster, are told what became of it by the hub itself.
  for (const client of await worker.clients.matchAll()) client.postMessage(UPLOADED);
  if (!isDone) throw new Error('something still waits');
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  const isPage = request.mode === 'navigate';
  if (!isPage && !files.includes(url.pathname)) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      // A page and its parts are of one version: both come from here as long as they are here.
      return (await cache.match(isPage ? PAGE : url.pathname)) ?? fetch(request);
    })(),
  );
});
