/** Who is signed in, in the tests of the organizer's pages. */
import type { SignedIn } from '../../lib/api/types.ts';

const AT = '2026-07-04T20:00:00Z';

export const SIGNED_IN: SignedIn = {
  user: {
    id: 'u1',
    email: 'ada@party.test',
    name: 'Ada',
    version: 1,
    created_at: AT,
    updated_at: AT,
  },
  access_token: 'access',
  refresh_token: 'refresh',
  token_type: 'bearer',
  expires_in: 900,
};
