/** 24 random characters of `[A-Za-z0-9_-]`: an idempotency key or a pairing nonce. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
