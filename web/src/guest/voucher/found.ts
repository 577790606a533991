import type { PublicVoucher } from '../../lib/api/types.ts';

/** What the hub said of a code, and when (milliseconds since 1970); null: the voucher is mine, and nobody was asked. */
export type Found =
  { readonly voucher: PublicVoucher; readonly at: number } | { readonly error: unknown } | null;
