import { resolve } from 'node:path';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

import { budget } from './build/budget.ts';
import { docsPage } from './build/docs.ts';
import { include } from './build/include.ts';
import { shell } from './build/shell.ts';
import { together } from './build/together.ts';

/** Where `npm run dev` finds the hub (`dibs serve` or `dibs up`). */
const HUB = process.env['DIBS_HUB'] ?? 'http://127.0.0.1:8080';

// Each page's HTML lies at its address: app/index.html is /app/. What it loads is hashed under /assets/.
export default defineConfig({
  plugins: [
    svelte(),
    include(),
    docsPage(),
    together(),
    // kB of JavaScript, gzipped, that a page's first load may bring.
    budget({ 'app/index.html': 90, 'door/index.html': 60 }),
    shell('door/index.html', '/door/', 'src/scanner/sw.ts', 'door/sw.js'),
  ],
  build: {
    target: 'es2022',
    // The Content-Security-Policy knows no inline scripts or data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        start: 'index.html',
        organizer: 'app/index.html',
        door: 'door/index.html',
      },
      output: { entryFileNames: 'assets/[name]-[hash].js' },
    },
  },
  worker: {
    format: 'es',
    // The hub serves this folder with a policy that lets WebAssembly run.
    rolldownOptions: { output: { entryFileNames: 'assets/door/[name]-[hash].js' } },
  },
  server: {
    proxy: {
      '/api': HUB,
      '/socket.io': { target: HUB, ws: true },
    },
  },
  test: {
    restoreMocks: true,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: 'node', include: ['src/**/*.test.ts'], exclude: ['src/**/*.dom.test.ts'] },
      },
      {
        extends: true,
        // Svelte alone in its build for browsers: with everything so, the tests' own server would have no websockets.
        plugins: [svelteTesting({ resolveBrowser: false })],
        resolve: {
          alias: [
            { find: /^svelte$/, replacement: resolve('node_modules/svelte/src/index-client.js') },
          ],
        },
        test: {
          name: 'dom',
          include: ['src/**/*.dom.test.ts'],
          environment: 'jsdom',
        },
      },
    ],
  },
});
