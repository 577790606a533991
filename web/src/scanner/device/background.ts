/** Background Sync, where there is one: the worker brings in what waits also while no page is open. */

export const UPLOAD = 'dibs.door.upload';
/** What the worker tells its pages once it has brought something in. */
export const UPLOADED = 'uploaded';

interface Syncing {
  readonly sync?: { register(tag: string): Promise<void> };
}

/** Asks the browser to wake the worker when there is a network. Asking again changes nothing. */
export function wantUpload(): void {
  void worker()
    ?.ready.then((registration) => (registration as Syncing).sync?.register(UPLOAD))
    .catch(() => undefined); // nobody allowed it: the page does it
}

/** Calls the listener when the worker has brought something in; returns what takes it off again. */
export function onUploaded(listener: () => void): () => void {
  const heard = ({ data }: MessageEvent<unknown>): void => {
    if (data === UPLOADED) listener();
  };
  worker()?.addEventListener('message', heard);
  return () => worker()?.removeEventListener('message', heard);
}

const worker = (): ServiceWorkerContainer | undefined =>
  (navigator as Partial<Navigator>).serviceWorker;
