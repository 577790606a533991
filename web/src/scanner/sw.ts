/**
 * The door's service worker: keeps the shell of /door/, and nothing else, so that the app opens without a network.
 *
 * Answers of the hub never pass through it. It takes over from an older one only when the page asks: never while
 * somebody works.
 */

/** What is used of a service worker's scope: the library of its types cannot stand beside that of pages. */
interface Scope {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}

interface Lasting {
  waitUntil(task: Promise<unknown>): void;
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

// A module of its own for the checker; the build leaves a plain script.
export {};
