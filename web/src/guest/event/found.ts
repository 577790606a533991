import type { PublicPage } from '../../lib/api/types.ts';

/** An event's page as the hub told it, or as this phone kept it; or why there is none. */
export type Found =
  { readonly page: PublicPage; readonly isKept: boolean } | { readonly error: unknown };
