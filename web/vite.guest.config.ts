import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

import { budget } from './build/budget.ts';
import { include } from './build/include.ts';
import { together } from './build/together.ts';
import { GUEST_WORKER, guestWorker } from './build/worker.ts';

/**
 * The build of the guest pages, into the same folder after the others. On its own, because a phone at a party loads them
 * over a crowded network: built together, all pages would carry the parts of Svelte that only the other apps need.
 */
export default defineConfig({
  plugins: [
    svelte(),
    include(),
    guestWorker(),
    together(),
    // kB of JavaScript, gzipped, that a page's first load may bring.
    budget({ 'e/index.html': 35, 'v/index.html': 35, 'wallet/index.html': 35 }),
  ],
  build: {
    target: 'es2022',
    // The Content-Security-Policy knows no inline scripts or data: addresses.
    assetsInlineLimit: 0,
    emptyOutDir: false,
    copyPublicDir: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        event: 'e/index.html',
        voucher: 'v/index.html',
        wallet: 'wallet/index.html',
        [GUEST_WORKER]: 'src/guest/worker/worker.ts',
      },
      treeshake: {
        // Svelte's package does not say it: what only custom elements need would stay.
        moduleSideEffects: (id) => !id.includes('svelte/src/internal/client/dom/elements/custom-'),
      },
      output: {
        // A service worker keeps its address from release to release.
        entryFileNames: ({ name }) =>
          name === GUEST_WORKER ? '[name].js' : 'assets/[name]-[hash].js',
        // One file of what all pages share instead of a dozen: it compresses better, and a phone asks once.
        codeSplitting: {
          groups: [
            { name: 'guest', test: /^(?!.*text.sheets)/, tags: ['$initial'], minShareCount: 3 },
          ],
        },
      },
    },
  },
});
