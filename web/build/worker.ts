import { createHash } from 'node:crypto';

import type { Plugin, Rolldown } from 'vite';

/** The pages that the guests' service worker keeps, by the beginning of their address. */
const PAGES: Readonly<Record<string, string>> = {
  '/e/': 'e/index.html',
  '/v/': 'v/index.html',
  '/wallet/': 'wallet/index.html',
};
/** Where the worker fetches a page's HTML: any address that the page answers. */
const FETCHED: Readonly<Record<string, string>> = {
  '/e/': '/e/-',
  '/v/': '/v/-',
  '/wallet/': '/wallet/',
};

export const GUEST_WORKER = 'guest-worker';

/** Tells the guests' service worker which files it keeps: all that its pages load, also later, and nothing of other apps. */
export function guestWorker(): Plugin {
  return {
    name: 'party-dibs:guest-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle[`${GUEST_WORKER}.js`];
        if (worker?.type !== 'chunk') return this.error('the worker is not in the build');
        const files = new Set<string>();
        const hash = createHash('sha256');
        for (const page of Object.values(PAGES)) {
          const html = bundle[page];
          if (html?.type !== 'asset') return this.error(`${page} is not in the build`);
          hash.update(String(html.source));
          for (const [, name] of String(html.source).matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g))
            if (name !== undefined) collect(bundle, name, files);
        }
        const sorted = [...files].sort();
        const shell = {
          pages: FETCHED,
          files: sorted.map((name) => `/${name}`),
          // Names under assets/ carry hashes of their content.
          version: hash.update(sorted.join()).digest('hex').slice(0, 12),
        };
        worker.code = worker.code.replaceAll('__SHELL__', JSON.stringify(shell));
      },
    },
  };
}

/** Adds a file and all that it imports, now or later, with their styles and pictures. */
function collect(bundle: Rolldown.OutputBundle, name: string, into: Set<string>): void {
  const file = bundle[name];
  if (file === undefined || into.has(name)) return;
  into.add(name);
  if (file.type === 'asset') {
    if (!name.endsWith('.css')) return;
    for (const [, asset] of String(file.source).matchAll(/url\(["']?\/(assets\/[^"')]+)/g))
      if (asset !== undefined) collect(bundle, asset, into);
    return;
  }
  for (const next of [...file.imports, ...file.dynamicImports]) collect(bundle, next, into);
  const { importedCss, importedAssets } = file.viteMetadata ?? {};
  for (const next of [...(importedCss ?? []), ...(importedAssets ?? [])])
    collect(bundle, next, into);
}
