import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { until } from '../testing/until.ts';
import { EVENT_ID, GrowingLedger } from './testing/ledger.ts';
import { Page, range, setUp, stage, tearDown } from './testing/page.ts';

beforeEach(setUp);
afterEach(tearDown);

describe('watching', () => {
  it('starts with a snapshot and goes on with the entries', async () => {
    stage.hub.ledger.grow(3);
    const page = new Page();
    await page.converges();
    stage.hub.send(stage.hub.ledger.grow(2));
    await page.converges();
    expect(page.fed).toEqual([5, 6]);
    expect(stage.hub.watches).toEqual([{ event_id: EVENT_ID }]);
    expect(stage.hub.tokens).toEqual(['t']);
  });

  it('takes frames that arrive before the answer to its watch', async () => {
    stage.hub.beforeAck = () => {
      stage.hub.send(stage.hub.ledger.grow(2));
      stage.hub.send(stage.hub.ledger.grow(1));
    };
    const page = new Page();
    await page.converges();
    expect(page.fed).toEqual([2, 3, 4]);
    expect(stage.hub.watches).toHaveLength(1);
  });

  it('takes a frame once, doubled or overlapping', async () => {
    const page = new Page();
    await page.converges();
    const first = stage.hub.ledger.grow(3);
    stage.hub.send(first);
    stage.hub.send(first);
    stage.hub.send([...first.slice(1), ...stage.hub.ledger.grow(2)]);
    await page.converges();
    expect(page.fed).toEqual(range(2, 6));
    expect(stage.hub.watches).toHaveLength(1);
  });

  it('asks for what a gap left out, and loses nothing of what came after it', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.ledger.grow(4);
    stage.hub.send(stage.hub.ledger.grow(1));
    stage.hub.send(stage.hub.ledger.grow(1));
    await page.converges();
    expect(page.fed).toEqual(range(2, 7));
    expect(stage.hub.watches.at(-1)).toEqual({
      event_id: EVENT_ID,
      epoch: stage.hub.ledger.epoch,
      after_seq: 1,
    });
  });

  it('notices by the beacon what was lost at the end', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.ledger.grow(2);
    stage.hub.beacon();
    await page.converges();
    expect(page.fed).toEqual([2, 3]);
  });

  it('does not ask again when the beacon is only quicker than its frame', async () => {
    const page = new Page({ times: { grace: 60_000 } });
    await page.converges();
    const fresh = stage.hub.ledger.grow(1);
    const last = new Promise((resolve) => page.socket.on('scan', resolve));
    stage.hub.beacon();
    stage.hub.send(fresh);
    stage.hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    await last;
    await page.converges();
    expect(stage.hub.watches).toHaveLength(1);
  });

  it('takes a new snapshot where too much was missed', async () => {
    stage.hub.mostEntries = 10;
    const page = new Page();
    await page.converges();
    stage.hub.send(stage.hub.ledger.grow(2));
    await page.converges();
    stage.hub.ledger.grow(11);
    stage.hub.beacon();
    await page.converges();
    expect(page.updates.filter(({ news }) => news?.restarted)).toHaveLength(2);
    expect(page.fed).toEqual([]);
  });

  it('starts anew when history was restored from a backup', async () => {
    stage.hub.ledger.grow(8);
    const page = new Page();
    await page.converges();
    stage.hub.ledger = new GrowingLedger('0197d3a0-0000-7000-8000-0000000000ff');
    stage.hub.ledger.grow(2);
    stage.hub.beacon();
    await page.converges();
    stage.hub.send(stage.hub.ledger.grow(1));
    await page.converges();
    expect(page.fed).toEqual([4]);
  });

  it('holds frames of a new history that arrive before its beacon', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.ledger = new GrowingLedger('0197d3a0-0000-7000-8000-0000000000ff');
    stage.hub.send(stage.hub.ledger.grow(1));
    await page.converges();
  });

  it('tells once per frame of the screen, however much arrives', async () => {
    const frames: (() => void)[] = [];
    const page = new Page({
      defer: (callback) => {
        frames.push(callback);
        return () => undefined;
      },
    });
    await until(() => expect(frames).toHaveLength(1));
    frames[0]?.();
    for (let sent = 0; sent < 200; sent++) stage.hub.send(stage.hub.ledger.grow(1));
    const last = new Promise((resolve) => page.socket.on('scan', resolve));
    stage.hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    await last;
    expect(frames).toHaveLength(2);
    frames[1]?.();
    await page.converges();
    expect(page.fed).toEqual(range(2, 201));
    expect(page.updates).toHaveLength(2);
  });

  it('passes on refused attempts and who is online', async () => {
    const page = new Page();
    await page.converges();
    stage.hub.emit('scan', { event_id: EVENT_ID, reason: 'unknown_code' });
    stage.hub.emit('scan', { event_id: 'another', reason: 'voided' });
    stage.hub.emit('presence', { event_id: EVENT_ID, devices: [] });
    await until(() => expect(page.updates.at(-1)?.presence).not.toBeNull());
    const scans = page.updates.flatMap(({ scans }) => scans);
    expect(scans).toEqual([{ event_id: EVENT_ID, reason: 'unknown_code' }]);
  });
});
