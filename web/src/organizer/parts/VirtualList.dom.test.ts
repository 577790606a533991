import { fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { likeABrowser } from '../testing/browser.ts';
import VirtualList from './VirtualList.svelte';

beforeEach(likeABrowser);
afterEach(() => vi.unstubAllGlobals());

const row = createRawSnippet<[number]>((item) => ({ render: () => `<span>${item()}</span>` }));

it('draws what is in view of a hundred thousand rows, and tells where it is', () => {
  const items = Array.from({ length: 100_000 }, (_, index) => index);
  render(VirtualList, { props: { items, label: 'Numbers', rowHeight: 4, row } });
  const rows = screen.getAllByRole('listitem');
  expect(rows.length).toBeLessThan(40);
  expect(rows[0]?.textContent).toBe('0');
  expect(rows[2]?.getAttribute('aria-posinset')).toBe('3');
  expect(rows[2]?.getAttribute('aria-setsize')).toBe('100000');
});

it('asks for more near the end, and not before', async () => {
  const onend = vi.fn();
  const items = Array.from({ length: 1_000 }, (_, index) => index);
  const { rerender } = render(VirtualList, {
    props: { items, label: 'Numbers', rowHeight: 4, row, onend },
  });
  expect(onend).not.toHaveBeenCalled();
  await rerender({ items: items.slice(0, 10) });
  expect(onend).toHaveBeenCalled();
});

it('leaves a row its element while it scrolls, and the order of elements is that of the rows', async () => {
  const items = Array.from({ length: 1_000 }, (_, index) => index);
  render(VirtualList, { props: { items, label: 'Numbers', rowHeight: 4, row } });
  const places = (): number[] =>
    screen.getAllByRole('listitem').map((each) => Number(each.getAttribute('aria-posinset')));
  const ninth = screen.getAllByRole('listitem')[8];
  const view = screen.getByRole('group');
  view.scrollTop = 10 * 4 * 16;
  await fireEvent.scroll(view);
  expect(ninth?.isConnected).toBe(true);
  expect(ninth?.getAttribute('aria-posinset')).toBe('9');
  const first = places()[0] ?? 0;
  expect(first).toBeGreaterThan(1);
  expect(places()).toEqual(places().map((_, index) => first + index));
});
