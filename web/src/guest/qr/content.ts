/** What a voucher's QR code holds. */

/** Empty modules around the symbol, which readers need (ISO/IEC 18004). */
export const QUIET_ZONE = 4;

/** The same as in the hub's own symbols: the voucher's address in upper case, which makes a smaller symbol. */
export function voucherAddress(pageUrl: string, code: string): string {
  return `${pageUrl.replace(/\/e\/[^/]*$/, '')}/v/${code}`.toUpperCase();
}
