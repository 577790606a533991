import { configure, render, screen, waitFor } from '@testing-library/svelte';
import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Session } from '../lib/api/session.ts';
import { Format } from '../lib/text/format.ts';
import App from './App.svelte';
import { SIGNED_IN } from './testing/account.ts';
import { likeABrowser } from './testing/browser.ts';
import { speak, text } from './text/index.ts';

const HUB = 'http://127.0.0.1:9'; // nobody is there, and that is known at once

const answers = new Map<string, (body: unknown) => Response>();
const calls: { path: string; body: unknown }[] = [];

// Tests share their machine: what should happen may take a while.
configure({ asyncUtilTimeout: 10_000 });

beforeEach(async () => {
  await speak('en');
  likeABrowser();
  location.hash = '';
  localStorage.clear();
  calls.length = 0;
  answers.clear();
  answers.set('/events', () => Response.json({ items: [], next_cursor: null }));
  answers.set('/auth/login', () => Response.json(SIGNED_IN));
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname.replace('/api/v1', '');
    const text = await request.text();
    const body: unknown = text === '' ? null : JSON.parse(text);
    calls.push({ path, body });
    const answer = answers.get(path);
    return answer
      ? answer(body)
      : Response.json({ status: 404, title: 'Not Found' }, { status: 404 });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function open(): Session {
  const session = new Session({ base: HUB });
  render(App, { session, hub: HUB });
  return session;
}

async function fill(label: string, value: string): Promise<void> {
  const input = await screen.findByLabelText<HTMLInputElement>(label);
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

async function press(name: string): Promise<void> {
  (await screen.findByRole('button', { name })).click();
}

/** What axe finds in the page as it is; colours are for a real browser to judge. */
async function axeFindings(): Promise<string[]> {
  const { violations } = await axe.run(document, {
    rules: { 'color-contrast': { enabled: false } },
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

async function signIn(): Promise<void> {
  await fill('E-mail', 'ada@party.test');
  await fill('Password', 'correct horse');
  await press('Sign in');
}

describe('signing in', () => {
  it('leads to the events', async () => {
    open();
    await signIn();
    expect(await screen.findByRole('heading', { level: 1, name: 'Your events' })).toBeTruthy();
    expect(await screen.findByText('No events yet')).toBeTruthy();
    const body = { email: 'ada@party.test', password: 'correct horse' };
    expect(calls).toEqual([
      { path: '/auth/login', body },
      { path: '/events', body: null },
    ]);
    expect(await axeFindings()).toEqual([]);
  });

  it('says what is missing before it asks, and moves there', async () => {
    open();
    await fill('E-mail', 'not an address');
    await press('Sign in');
    const password = await screen.findByLabelText('Password');
    await waitFor(() => expect(password.getAttribute('aria-invalid')).toBe('true'));
    expect(screen.getByText('This does not look like an e-mail address.')).toBeTruthy();
    expect(await axeFindings()).toEqual([]);
    expect(document.activeElement).toBe(screen.getByLabelText('E-mail'));
    expect(calls).toEqual([]);
  });

  it('says when it was refused', async () => {
    answers.set('/auth/login', () => Response.json({ status: 401 }, { status: 401 }));
    open();
    await signIn();
    expect((await screen.findByRole('alert')).textContent).toContain(
      'E-mail or password is wrong.',
    );
  });

  it('shows what the hub says of a field', async () => {
    answers.set('/auth/register', () =>
      Response.json(
        { status: 422, title: 'x', errors: [{ loc: ['body', 'email'], msg: 'is too odd' }] },
        { status: 422 },
      ),
    );
    open();
    await press('New here? Create an account');
    await fill('Your name', 'Ada');
    await fill('E-mail', 'ada@party.test');
    await fill('Password', 'correct horse');
    await press('Create account');
    expect(await screen.findByText('is too odd')).toBeTruthy();
  });
});

describe('a session', () => {
  it('of an earlier visit is taken up', async () => {
    localStorage.setItem('dibs.session', JSON.stringify({ user_id: 'u1', refresh_token: 'old' }));
    answers.set('/auth/refresh', () => Response.json(SIGNED_IN));
    open();
    expect(await screen.findByText('Ada')).toBeTruthy();
  });

  it('that is over leads to signing in, and says so', async () => {
    localStorage.setItem('dibs.session', JSON.stringify({ user_id: 'u1', refresh_token: 'old' }));
    answers.set('/auth/refresh', () => Response.json({ status: 401 }, { status: 401 }));
    open();
    expect(await screen.findByText('Your session is over. Please sign in again.')).toBeTruthy();
  });

  it('ends here when it is ended in another tab', async () => {
    open();
    await signIn();
    await screen.findByText('No events yet');
    localStorage.removeItem('dibs.session');
    window.dispatchEvent(
      new StorageEvent('storage', {
        key: 'dibs.session',
        newValue: null,
        storageArea: localStorage,
      }),
    );
    expect(await screen.findByText('You signed out in another tab.')).toBeTruthy();
  });

  it('ends by signing out', async () => {
    answers.set('/auth/logout', () => new Response(null, { status: 204 }));
    open();
    await signIn();
    await press('Sign out');
    expect(await screen.findByText('You are signed out.')).toBeTruthy();
    expect(localStorage.length).toBe(0);
    expect(calls.at(-1)?.path).toBe('/auth/logout');
  });
});

describe('links', () => {
  it('of `dibs user create` and `reset` choose a password', async () => {
    location.hash = '#/password/secret%20token';
    answers.set('/auth/password', () => new Response(null, { status: 204 }));
    open();
    await fill('New password', 'a long sentence');
    await press('Save password');
    expect(await screen.findByText('Your password is saved. Sign in with it.')).toBeTruthy();
    expect(calls).toEqual([
      { path: '/auth/password', body: { token: 'secret token', password: 'a long sentence' } },
    ]);
    expect(location.hash).toBe('#/');
  });

  it('say when they are used up', async () => {
    location.hash = '#/password/old';
    open();
    await fill('New password', 'a long sentence');
    await press('Save password');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'This link has been used already',
    );
  });

  it('of invitations wait for a sign-in and for a yes', async () => {
    location.hash = '#/invite/abc';
    open();
    expect(
      await screen.findByText('Sign in or create an account to accept the invitation.'),
    ).toBeTruthy();
    await signIn();
    expect(await screen.findByRole('heading', { level: 1, name: 'You are invited' })).toBeTruthy();
    expect(calls.map(({ path }) => path)).toEqual(['/auth/login']);
    await press('Join the team');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'This invitation has been used already',
    );
    expect(calls.at(-1)?.path).toBe('/invites/abc');
  });
});

it('says why the events cannot be shown, and tries again', async () => {
  answers.set('/events', () => Response.json({ status: 503, title: 'x' }, { status: 503 }));
  open();
  await signIn();
  expect((await screen.findByRole('alert')).textContent).toContain(
    'Your events could not be loaded.',
  );
  answers.set('/events', () => Response.json({ items: [], next_cursor: null }));
  await press('Try again');
  expect(await screen.findByText('No events yet')).toBeTruthy();
});

it('speaks Lithuanian, and counts as Lithuanians do', async () => {
  await speak('lt');
  open();
  expect(await screen.findByRole('heading', { level: 1, name: 'Sveiki sugrįžę' })).toBeTruthy();
  expect(document.documentElement.lang).toBe('lt');
  expect(text.live.conflicts(21)).toContain('21 neišspręstas');
  expect(text.live.conflicts(12)).toContain('12 neišspręstų');
  expect(new Format().count(1234.5)).toMatch(/^1\s234,5$/);
});
