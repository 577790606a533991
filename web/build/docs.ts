import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import type { Plugin } from 'vite';

/** What the page needs of swagger-ui-dist, with its license: no source maps, no second bundle. */
const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];
const OUR_FILES = ['docs/index.html', 'docs/docs.js', 'docs/docs.css', 'src/lib/ui/icon.svg'];

/** Puts the page to try the API into `dist/docs/`; the hub serves that folder at `/api/docs`. */
export function docsPage(): Plugin {
  return {
    name: 'party-dibs:docs',
    apply: 'build',
    generateBundle() {
      const swagger = dirname(
        createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'),
      );
      for (const [folder, names] of [
        [swagger, SWAGGER_FILES],
        [join(import.meta.dirname, '..'), OUR_FILES],
      ] as const) {
        for (const name of names) {
          this.emitFile({
            type: 'asset',
            fileName: `docs/${basename(name)}`,
            source: readFileSync(join(folder, name)),
          });
        }
      }
    },
  };
}
