/**
 * Lets the guest pages open without a network: the service worker keeps their files, for their own addresses only. The
 * organizer's and the door's pages are out of its reach.
 */
export function keepOffline(scopes: readonly string[]): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = (): void => {
    for (const scope of scopes)
      // Refused in private windows, for example: then the page lives without it.
      void navigator.serviceWorker.register('/guest-worker.js', { scope }).catch(() => undefined);
  };
  // After the page has shown itself.
  if (document.readyState === 'complete') setTimeout(register, 1_000);
  else window.addEventListener('load', () => setTimeout(register, 1_000));
}
