import type { Plugin } from 'vite';

/**
 * Names what a page shares with others as scripts of its own instead of preloads: they are fetched beside the page's script
 * all the same. Chromium does not use a preload once a service worker answers, and complains on the console. What a page
 * imports later is still preloaded, when it is wanted.
 */
export function together(): Plugin {
  return {
    name: 'party-dibs:together',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => {
        const together = html.replaceAll(
          /<link rel="modulepreload" crossorigin href="([^"]+)">/g,
          '<script type="module" crossorigin src="$1"></script>',
        );
        if (together.includes('modulepreload'))
          throw new Error('a preload is written in another way');
        return together;
      },
    },
  };
}
