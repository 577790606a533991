import { createHash } from 'node:crypto';

import type { Plugin, Rolldown } from 'vite';

/**
 * Tells a service worker which files make up its page's shell: all that the page loads, at once or later, and nothing else.
 *
 * It replaces `SHELL` in the worker's code by `{version, files}`; the version changes exactly when one of the files does.
 *
 * @param page The page's HTML file in the build.
 * @param address Where that page is served.
 * @param worker The worker's file in the build.
 */
export function shell(page: string, address: string, worker: string): Plugin {
  return {
    name: 'party-dibs:shell',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const html = bundle[page];
        const script = bundle[worker];
        if (html?.type !== 'asset' || script?.type !== 'chunk')
          return this.error(`${page} or ${worker} is not in the build`);
        const files = new Set<string>();
        collect(bundle, page, files);
        files.delete(page);
        files.delete(worker); // the browser looks after the worker itself
        const addresses = [address, ...[...files].sort().map((name) => `/${name}`)];
        // Names under assets/ carry hashes of their content.
        const hash = createHash('sha256').update(addresses.join()).update(String(html.source));
        const found = { version: hash.digest('hex').slice(0, 12), files: addresses };
        script.code = script.code.replaceAll('SHELL', JSON.stringify(found));
      },
    },
  };
}

/** Adds a file and all that it names: imports now or later, workers, WebAssembly, styles, pictures. */
function collect(bundle: Rolldown.OutputBundle, name: string, into: Set<string>): void {
  const file = bundle[name];
  if (file === undefined || into.has(name)) return;
  into.add(name);
  const isText = /\.(?:html|css|js|webmanifest)$/.test(name);
  const text = file.type === 'chunk' ? file.code : isText ? String(file.source) : '';
  for (const [found] of text.matchAll(/(?:assets|door)\/[\w./-]+\.\w+/g))
    collect(bundle, found, into);
  if (file.type !== 'chunk') return;
  for (const next of [...file.imports, ...file.dynamicImports]) collect(bundle, next, into);
}
