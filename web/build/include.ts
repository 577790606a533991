import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Plugin } from 'vite';

/** Puts `<!-- include FILE -->` of a page's HTML in place: what several pages show before any script of theirs runs. */
export function include(): Plugin {
  const root = join(import.meta.dirname, '..');
  return {
    name: 'party-dibs:include',
    transformIndexHtml: {
      order: 'pre',
      handler: (html) =>
        html.replaceAll(/<!-- include (\S+) -->/g, (_, file: string) =>
          readFileSync(join(root, file), 'utf8').trimEnd(),
        ),
    },
  };
}
