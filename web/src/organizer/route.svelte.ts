/** Where in the app the reader is. It lives in the address's fragment: the tokens of links never reach a server's log. */
export type Route =
  | { readonly name: 'events' }
  | { readonly name: 'live'; readonly eventId: string }
  | { readonly name: 'password'; readonly token: string }
  | { readonly name: 'invite'; readonly token: string };

export function parse(hash: string): Route {
  const [name, value] = hash.replace(/^#?\/?/, '').split('/');
  if (value !== undefined && value !== '') {
    const decoded = decode(value);
    if (name === 'events') return { name: 'live', eventId: decoded };
    if (name === 'password' || name === 'invite') return { name, token: decoded };
  }
  return { name: 'events' };
}

export const address = {
  events: '#/',
  live: (eventId: string): string => `#/events/${encodeURIComponent(eventId)}`,
};

/** Goes somewhere else without leaving the present address in the history (it holds a token that is used up). */
export function replaceWith(hash: string): void {
  location.replace(hash);
}

export class CurrentRoute {
  current: Route = $state.raw(parse(location.hash));

  constructor() {
    $effect(() => {
      const listen = (): void => {
        this.current = parse(location.hash);
      };
      window.addEventListener('hashchange', listen);
      return () => window.removeEventListener('hashchange', listen);
    });
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
