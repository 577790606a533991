import '../../lib/ui/base.css';
import '../skeleton.css';

import { mount } from 'svelte';

import { ApiProblem } from '../../lib/api/problem.ts';
import { makeContext } from '../context.ts';
import { lastPart, place } from '../place.ts';
import { speak, text } from '../text/index.ts';
import { keepOffline } from '../worker/register.ts';
import EventApp from './EventApp.svelte';
import type { Found } from './found.ts';

/** With a page kept here, the hub gets this long before that is shown; milliseconds. */
const PATIENCE = 1_500;

const context = makeContext();
const slug = lastPart();

const asked: Promise<Found> = context.desk.page(slug).then(
  (page) => ({ page, isKept: false }),
  (error: unknown) => ({ error }),
);

async function find(): Promise<Found> {
  const kept = context.pages.read(slug);
  if (kept === null) return asked;
  const old: Found = { page: kept.page, isKept: true };
  const found = await Promise.race([
    asked,
    new Promise<Found>((resolve) => setTimeout(() => resolve(old), PATIENCE)),
  ]);
  if ('page' in found) return found;
  if (found.error instanceof ApiProblem && found.error.status === 404) {
    context.pages.remove(slug);
    return found;
  }
  return old;
}

await speak();
const words = document.querySelector('[data-words]');
if (words !== null) words.textContent = text.loading;
const found = await find();
const target = place();
target.replaceChildren();
mount(EventApp, { target, props: { context, slug, found } });
keepOffline(['/e/', '/wallet/']);
