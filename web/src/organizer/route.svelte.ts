/** Where in the app the reader is. It lives in the address's fragment: the tokens of links never reach a server's log. */

/** The pages of one event. */
export const PAGES = [
  'live',
  'offers',
  'codes',
  'doors',
  'inbox',
  'share',
  'team',
  'settings',
] as const;
export type PageName = (typeof PAGES)[number];

export type Route =
  | { readonly name: 'events' }
  | { readonly name: 'new' }
  | { readonly name: 'account' }
  | {
      readonly name: 'event';
      readonly eventId: string;
      readonly page: PageName;
      /** What of the page: an offer's id, `new`, `import`. */
      readonly part: string | null;
    }
  | { readonly name: 'password'; readonly token: string }
  | { readonly name: 'invite'; readonly token: string };

export function parse(hash: string): Route {
  const [name, value, page, part] = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  if (value !== undefined && value !== '') {
    if (name === 'events')
      return {
        name: 'event',
        eventId: value,
        page: PAGES.find((known) => known === page) ?? 'live',
        part: part === undefined || part === '' ? null : part,
      };
    if (name === 'password' || name === 'invite') return { name, token: value };
  }
  if (name === 'new' || name === 'account') return { name };
  return { name: 'events' };
}

export const address = {
  events: '#/',
  newEvent: '#/new',
  account: '#/account',
  event: (eventId: string, page: PageName = 'live', part?: string): string => {
    const of = `#/events/${encodeURIComponent(eventId)}`;
    if (part !== undefined) return `${of}/${page}/${encodeURIComponent(part)}`;
    return page === 'live' ? of : `${of}/${page}`;
  },
};

/** Goes somewhere else without leaving the present address in the history (it holds a token that is used up). */
export function replaceWith(hash: string): void {
  location.replace(hash);
}

export function goTo(hash: string): void {
  location.hash = hash;
}

/** Whether the reader has moved within the app: from then on a page's heading is moved to when it comes. */
let hasMoved = false;

export class CurrentRoute {
  current: Route = $state.raw(parse(location.hash));

  constructor() {
    $effect(() => {
      const listen = (): void => {
        hasMoved = true;
        this.current = parse(location.hash);
      };
      window.addEventListener('hashchange', listen);
      return () => window.removeEventListener('hashchange', listen);
    });
  }
}

/** Moves a screen reader and the keyboard to the heading of the page that the reader went to, not of the first one. */
export function arrive(heading: HTMLElement): void {
  if (!hasMoved) return;
  scrollTo({ top: 0 });
  heading.focus({ preventScroll: true });
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
