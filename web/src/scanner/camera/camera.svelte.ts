/** The phone's camera: one stream for the shift, resting whenever nobody needs it. */
import { Reader } from './reader.ts';

export type CameraState =
  | 'off'
  | 'starting'
  | 'on'
  /** Hidden, or untouched for a while: a tap goes on. */
  | 'resting'
  | 'denied'
  | 'none'
  | 'busy'
  | 'insecure'
  | 'failed';

export interface Lens {
  readonly id: string;
  readonly label: string;
}

/** Milliseconds without a scan or a touch after which the camera rests: a pocket is no place to scan. */
export const RESTS_AFTER = 60_000;
/** And after which it is let go altogether. */
const RELEASED_AFTER = 5 * 60_000;

// TypeScript's DOM does not know the torch yet: https://www.w3.org/TR/image-capture/
type Torch = MediaTrackCapabilities & { readonly torch?: boolean };

export class Camera {
  state: CameraState = $state('off');
  lenses: readonly Lens[] = $state.raw([]);
  /** Null: this camera has no light. */
  torch: boolean | null = $state(null);
  readonly #video: HTMLVideoElement;
  readonly #onCode: (text: string) => void;
  #reader: Reader | null = null;
  #stream: MediaStream | null = null;
  #lens: Lens | null = null;
  #turn = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #release: ReturnType<typeof setTimeout> | undefined;

  constructor(video: HTMLVideoElement, onCode: (text: string) => void) {
    this.#video = video;
    this.#onCode = (text) => {
      this.touch();
      onCode(text);
    };
  }

  /** Whether the browser would start it without a question. */
  static async isAllowed(): Promise<boolean> {
    try {
      const { state } = await navigator.permissions.query({ name: 'camera' as PermissionName });
      return state === 'granted';
    } catch {
      return false;
    }
  }

  /** Starts, or goes on. `lens` null: the one at the back. */
  async start(lens: Lens | null): Promise<void> {
    if (!('mediaDevices' in navigator)) {
      this.state = 'insecure';
      return;
    }
    const turn = ++this.#turn;
    if (this.#stream?.active !== true || this.#lens?.id !== lens?.id) {
      this.#stop();
      this.state = 'starting';
      try {
        const stream = await opened(lens);
        if (turn !== this.#turn) return stopAll(stream);
        this.#take(stream, lens);
      } catch (error) {
        if (turn === this.#turn) this.state = stateOf(error);
        return;
      }
    }
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = true;
    try {
      await this.#video.play();
    } catch {
      // Interrupted by a rest or a new start, which says itself how it goes on.
    }
    if (turn !== this.#turn) return;
    this.#reader ??= new Reader(this.#video, this.#onCode);
    this.#reader.read(true);
    this.state = 'on';
    this.touch();
  }

  /** Somebody is there: the time until it rests starts anew. */
  touch(): void {
    clearTimeout(this.#rest);
    if (this.state === 'on') this.#rest = setTimeout(() => this.rest(), RESTS_AFTER);
  }

  /** Rests until it is started again. */
  rest(): void {
    if (this.state !== 'on' && this.state !== 'starting') return;
    this.#turn++;
    clearTimeout(this.#rest);
    this.#reader?.read(false);
    void this.switchTorch(false);
    this.#video.pause();
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = false;
    this.state = 'resting';
    clearTimeout(this.#release);
    this.#release = setTimeout(() => this.#stop(), RELEASED_AFTER);
  }

  async switchTorch(on: boolean): Promise<void> {
    const track = this.#stream?.getVideoTracks()[0];
    if (this.torch === null || track === undefined || this.torch === on) return;
    try {
      await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
      this.torch = on;
    } catch {
      this.torch = null; // it said that it has one, and has not
    }
  }

  close(): void {
    this.#turn++;
    clearTimeout(this.#rest);
    this.#stop();
    this.#reader?.close();
    this.#reader = null;
    this.state = 'off';
  }

  #take(stream: MediaStream, lens: Lens | null): void {
    this.#stream = stream;
    this.#lens = lens;
    this.#video.srcObject = stream;
    const [track] = stream.getVideoTracks();
    const abilities = track?.getCapabilities?.() as Torch | undefined;
    this.torch = abilities?.torch === true ? false : null;
    track?.addEventListener('ended', () => {
      if (this.#stream === stream) this.#lost();
    });
    void lenses().then((found) => (this.lenses = found));
  }

  /** The phone took the camera away: a call, or another app. */
  #lost(): void {
    this.#turn++;
    this.#stop();
    this.state = 'resting';
  }

  #stop(): void {
    clearTimeout(this.#release);
    this.#reader?.read(false);
    if (this.#stream !== null) stopAll(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
    this.torch = null;
  }
}

/** Which cameras there are; their names are told once one was allowed. */
async function lenses(): Promise<Lens[]> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** Finds a camera again: some browsers give it another id at every visit, and its name stays. */
export function sameLens(among: readonly Lens[], { id, label }: Lens): Lens | undefined {
  return (
    among.find((lens) => lens.id === id) ??
    among.find((lens) => label !== '' && lens.label === label)
  );
}

async function opened(lens: Lens | null): Promise<MediaStream> {
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const use = (video: MediaTrackConstraints): Promise<MediaStream> =>
    navigator.mediaDevices.getUserMedia({ video: { ...size, ...video } });
  const back = { facingMode: { ideal: 'environment' } };
  if (lens === null) return use(back);
  // One that is there and does not open is no reason to scan nothing.
  const chosen = ({ id }: Lens): Promise<MediaStream> =>
    use({ deviceId: { exact: id } }).catch((error: unknown) => {
      if (stateOf(error) === 'denied') throw error;
      return use(back);
    });
  const known = sameLens(await lenses(), lens);
  if (known !== undefined) return chosen(known);
  // It is not there any more, or nobody may know the names before a camera is on.
  const stream = await use(back);
  const named = sameLens(await lenses(), lens);
  if (named === undefined || stream.getVideoTracks()[0]?.getSettings().deviceId === named.id)
    return stream;
  stopAll(stream);
  return chosen(named);
}

function stateOf(error: unknown): CameraState {
  switch ((error as Error | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
