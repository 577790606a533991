/** The events' pages as they were last seen here, for when there is no network. */
import type { PublicPage } from '../../lib/api/types.ts';
import type { Box } from './box.ts';

const KEY = 'event.';
/** A phone sees a few parties a month; older ones are forgotten. */
const MOST = 12;

interface Kept {
  readonly page: PublicPage;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Pages {
  readonly #box: Box;

  constructor(box: Box) {
    this.#box = box;
  }

  read(slug: string): Kept | null {
    return this.#box.read<Kept>(KEY + slug);
  }

  write(page: PublicPage, at: number): void {
    this.#box.write(KEY + page.slug, { page, at } satisfies Kept);
    const kept = this.#box
      .keys(KEY)
      .map((key) => ({ key, at: this.#box.read<Kept>(key)?.at ?? 0 }));
    for (const { key } of kept.sort((one, other) => other.at - one.at).slice(MOST))
      this.#box.remove(key);
  }

  remove(slug: string): void {
    this.#box.remove(KEY + slug);
  }
}
