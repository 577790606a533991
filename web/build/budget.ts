import { gzipSync } from 'node:zlib';

import type { Plugin, Rolldown } from 'vite';

/**
 * Prints what each page's first load weighs and fails the build where its JavaScript is over its budget.
 *
 * @param limits kB (1,000 bytes) of gzipped JavaScript by page, named as the page's HTML file.
 */
export function budget(limits: Readonly<Record<string, number>>): Plugin {
  return {
    name: 'party-dibs:budget',
    apply: 'build',
    writeBundle: {
      order: 'post',
      handler(_options, bundle) {
        const over: string[] = [];
        const lines = ['', 'First load, gzipped:'];
        for (const page of Object.keys(bundle).filter((name) => name.endsWith('.html'))) {
          const { scripts, styles } = firstLoad(bundle, page);
          const limit = limits[page];
          const allowed = limit === undefined ? '' : ` (at most ${limit.toFixed(1)})`;
          lines.push(`  ${page.padEnd(16)} JS ${kb(scripts)}${allowed}, CSS ${kb(styles)}`);
          if (limit !== undefined && scripts > limit * 1000) over.push(page);
        }
        this.info(lines.join('\n'));
        if (over.length > 0) this.error(`over its budget of JavaScript: ${over.join(', ')}`);
      },
    },
  };
}

/** Bytes that the page's HTML asks for itself: everything that it names, which includes static imports. */
function firstLoad(
  bundle: Rolldown.OutputBundle,
  page: string,
): { scripts: number; styles: number } {
  const html = bundle[page];
  const source = html?.type === 'asset' ? String(html.source) : '';
  let scripts = 0;
  let styles = 0;
  for (const [, name] of source.matchAll(/(?:src|href)="\/([^"]+)"/g)) {
    const file = name === undefined ? undefined : bundle[name];
    if (file?.type === 'chunk') scripts += gzipSync(file.code).length;
    else if (file?.fileName.endsWith('.css') && file.type === 'asset')
      styles += gzipSync(file.source).length;
  }
  return { scripts, styles };
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
