/**
 * Keeps the files of the guest pages on the phone, so that they open at once and without a network. It knows no voucher and
 * no token: those lie in the pages' own storage.
 *
 * It is registered once for each address (`/e/`, `/v/`, `/V/`, `/wallet/`), so that it stands before no other page. A new
 * release is kept beside the old one, which stays whole until its last page is closed.
 */

/** What is used of a service worker's scope: the library of its types cannot stand beside that of pages. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly location: Location;
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
}

interface Lasting {
  waitUntil(task: Promise<unknown>): void;
}

interface Fetching {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const worker = self as unknown as Scope;

/** What the build puts here: the page for each beginning of an address, all files that they may need, and a hash of it. */
declare const __SHELL__: {
  readonly pages: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly version: string;
};

const SHELL = __SHELL__;
const scope = new URL(worker.registration.scope).pathname;
const NAME = `dibs-guest ${scope} `;
const CACHE = NAME + SHELL.version;
const page = SHELL.pages[scope.toLowerCase()] ?? null;

worker.addEventListener('install', (event) => {
  event.waitUntil(keep());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOld());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (request.mode === 'navigate') {
    if (page !== null && url.pathname.startsWith(scope)) event.respondWith(kept(page, request));
  } else if (SHELL.files.includes(url.pathname)) event.respondWith(kept(url.pathname, request));
});

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  const paths = page === null ? SHELL.files : [page, ...SHELL.files];
  await cache.addAll(paths.map((path) => new Request(path, { credentials: 'omit' })));
}

async function dropOld(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(NAME) && name !== CACHE) await caches.delete(name);
}

/** What is kept under the path, else what the network says. */
async function kept(path: string, request: Request): Promise<Response> {
  const found = await (await caches.open(CACHE)).match(path);
  return found ?? fetch(request);
}
