/** Where the page's skeleton stands and the app takes over, and the last part of the address. */

export function place(): HTMLElement {
  const target = document.getElementById('app');
  if (target === null) throw new Error('the page has no place for the app');
  return target;
}

/** What stands behind `/e/` or `/v/`. */
export function lastPart(pathname: string = location.pathname): string {
  const raw = pathname.split('/')[2] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}
