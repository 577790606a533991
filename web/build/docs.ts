import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { Plugin } from 'vite';

/** What the page needs of swagger-ui-dist, with its license: no source maps, no second bundle. */
const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];
const OUR_FILES = ['index.html', 'docs.js', 'docs.css'];

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
        [join(import.meta.dirname, '..', 'docs'), OUR_FILES],
      ] as const) {
        for (const name of names) {
          this.emitFile({
            type: 'asset',
            fileName: `docs/${name}`,
            source: readFileSync(join(folder, name)),
          });
        }
      }
    },
  };
}
