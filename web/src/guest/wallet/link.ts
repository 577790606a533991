/** Links that open a wallet on another device: `…/wallet/#{token}`. */

/** The token in a pasted link, or in a fragment alone; null: it is no such link. */
export function tokenOf(written: string): string | null {
  const found = /^\s*(?:https?:\/\/\S+\/wallet\/?)?#?([A-Za-z0-9_-]{20,200})\s*$/.exec(written);
  return found?.[1] ?? null;
}

/** Takes the token out of the page's address. */
export function takeToken(): string | null {
  const token = tokenOf(location.hash);
  if (token !== null) history.replaceState(null, '', location.pathname);
  return token;
}
