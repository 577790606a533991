import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { until } from '../testing/until.ts';
import { TestHub } from './testing/hub.ts';
import { EVENT_ID } from './testing/ledger.ts';
import { Page, range, setUp, stage, tearDown } from './testing/page.ts';

beforeEach(setUp);
afterEach(tearDown);

describe('connections that break', () => {
  it.each(['breakConnections', 'disconnectAll'] as const)('resumes after %s', async (fault) => {
    const page = new Page();
    await page.converges();
    stage.hub[fault]();
    stage.hub.ledger.grow(5);
    await until(() => expect(page.connections).toContain('lost'));
    await page.converges();
    expect(page.connections).toEqual(['live', 'lost', 'live']);
    expect(page.fed).toEqual(range(2, 6));
    expect(stage.hub.watches.at(-1)?.after_seq).toBe(1);
  });

  it('keeps trying while the hub is away, from the start', async () => {
    await stage.hub.close();
    const page = new Page();
    await until(() => expect(page.connection).toBe('lost'));
    expect(page.state).toBeUndefined();
    const port = Number(new URL(stage.hub.url).port);
    await until(async () => void (stage.hub = await TestHub.start(port))); // another test's hub may have it for a moment
    await page.converges();
  });

  it('says that it is lost when everything goes silent, and finds out whether it still watches', async () => {
    const page = new Page({ times: { silence: 300 } });
    await page.converges();
    await until(() => expect(page.connections).toContain('lost'));
    await page.converges();
    expect(stage.hub.watches.length).toBeGreaterThan(1);
  });

  it('makes a new connection when a watch gets no answer', async () => {
    let silent = true;
    stage.hub.beforeAck = () => (silent ? new Promise(() => undefined) : undefined);
    const page = new Page({ times: { answer: 200 } });
    await until(() => expect(stage.hub.tokens.length).toBeGreaterThan(1));
    silent = false;
    await page.converges();
  });

  it('tries again later when the hub is busy', async () => {
    let busy = 2;
    stage.hub.refuseWatch = () =>
      busy-- > 0 ? { status: 503, title: 'Service Unavailable', retry_after: 0.01 } : null;
    const page = new Page();
    await page.converges();
    expect(stage.hub.watches).toHaveLength(3);
    expect(stage.hub.tokens).toHaveLength(1);
  });

  it('gives up an event that is not, or no longer, its own', async () => {
    const page = new Page({ times: { silence: 300 } });
    await page.converges();
    stage.hub.refuseWatch = () => ({ status: 404, title: 'Not Found' });
    await until(() => expect(page.connection).toBe('refused'));
  });

  it('asks whether it may still watch when the hub ends a watch', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.emit('unwatched', { event_id: EVENT_ID, reason: 'role' });
    await until(() => expect(stage.hub.watches).toHaveLength(2));
    await page.converges();
    expect(page.connections).toEqual(['live']);
  });

  it.each([
    ['the reader is something else', 'role_changed', 'onRole'],
    ['others work', 'members_changed', 'onMembers'],
  ])('tells that %s in this event now, and not of other events', async (_, message, listener) => {
    const told = vi.fn();
    const page = new Page({ [listener]: told });
    await page.converges();
    stage.hub.emit(message, { event_id: 'another' });
    stage.hub.emit(message, { event_id: EVENT_ID });
    await until(() => expect(told).toHaveBeenCalledOnce());
    expect(stage.hub.watches).toHaveLength(1);
  });

  it('connects with a fresh token when the old one is refused', async () => {
    stage.hub.refuse = (token) => (token === 'old' ? { status: 401 } : null);
    const asked: boolean[] = [];
    const page = new Page({
      token: (refused) => {
        asked.push(refused);
        return Promise.resolve(refused ? 'new' : 'old');
      },
    });
    await page.converges();
    expect(stage.hub.tokens).toEqual(['old', 'new']);
    expect(asked).toEqual([false, true]);
  });

  it('tries again when no token could be had, and ends when there is none any more', async () => {
    const tokens = [new Error('offline'), null];
    const page = new Page({
      token: () => {
        const next = tokens.shift();
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(null);
      },
    });
    await until(() => expect(page.connection).toBe('ended'));
    expect(stage.hub.tokens).toEqual([]);
  });

  it('comes back within the time that a hub which stops asks for', async () => {
    // Left to itself it would not come back before the test is over.
    const page = new Page({ retryFrom: 3_600_000, retryUpTo: 3_600_000 });
    await page.converges();
    const told = vi.fn();
    page.socket.on('reconnect', told);
    for (const [connects, within_ms] of [
      [2, 5],
      [3, 20],
    ] as const) {
      stage.hub.emit('reconnect', { within_ms });
      await until(() => expect(told).toHaveBeenLastCalledWith({ within_ms }));
      stage.hub.ledger.grow(2);
      stage.hub.breakConnections();
      await until(() => expect(stage.hub.tokens).toHaveLength(connects));
      await page.converges();
    }
  });

  it('ends for good with its session', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.emit('session_ended', { reason: 'revoked' });
    stage.hub.disconnectAll();
    await until(() => expect(page.connection).toBe('ended'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(page.ended).toEqual(['revoked']);
    expect(stage.hub.tokens).toHaveLength(1);
  });
});
