import { createHash } from 'node:crypto';

import { build, type Plugin, type Rolldown } from 'vite';

/**
 * Builds a service worker into one plain script, and tells it which files make up its page's shell: all that the page loads, at
 * once or later, and nothing else.
 *
 * `SHELL` in the worker's code is `{version, files}`; the version changes exactly when one of the files does.
 *
 * @param page The page's HTML file in the build.
 * @param address Where that page is served.
 * @param source The worker's source.
 * @param worker The worker's file in the build. A service worker keeps its address from release to release.
 */
export function shell(page: string, address: string, source: string, worker: string): Plugin {
  return {
    name: 'party-dibs:shell',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const html = bundle[page];
        if (html?.type !== 'asset') return this.error(`${page} is not in the build`);
        const files = new Set<string>();
        collect(bundle, page, files);
        files.delete(page);
        const addresses = [address, ...[...files].sort().map((name) => `/${name}`)];
        // Names under assets/ carry hashes of their content.
        const hash = createHash('sha256').update(addresses.join()).update(String(html.source));
        const found = { version: hash.digest('hex').slice(0, 12), files: addresses };
        const code = await inOnePiece(source, { SHELL: JSON.stringify(found) });
        this.emitFile({ type: 'asset', fileName: worker, source: code });
      },
    },
  };
}

/** Not every browser takes a service worker that is a module: what it imports is put into it. */
async function inOnePiece(source: string, define: Record<string, string>): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'warn',
    define,
    build: {
      target: 'es2022',
      write: false,
      rolldownOptions: { input: source, output: { format: 'iife' } },
    },
  })) as Rolldown.RolldownOutput;
  const [script, ...more] = built.output;
  if (more.length > 0) throw new Error(`${source} was built into more than one file`);
  return script.code;
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
