/** What the hub says no with, in the reader's words where there are any. */
import { tick } from 'svelte';

import { ApiProblem } from '../../lib/api/problem.ts';
import { text } from '../text/index.ts';

/** Per field of the body what is wrong with it. The hub's own sentences are English: others read a general one. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiProblem) || error.status !== 422) return {};
  const isEnglish = document.documentElement.lang === 'en';
  return Object.fromEntries(
    (error.details.errors ?? []).map(({ loc, msg }) => [
      String(loc.find((part, index) => index > 0 && typeof part === 'string') ?? ''),
      isEnglish ? msg : text.forms.refused,
    ]),
  );
}

/** What kind of problem it is (`urn:dibs:problem:…`); null: none of the hub's. */
export function problemOf(error: unknown): string | null {
  if (!(error instanceof ApiProblem)) return null;
  return error.details.type?.split(':').at(-1) ?? null;
}

export function statusOf(error: unknown): number | null {
  return error instanceof ApiProblem ? error.status : null;
}

/** The header that makes a change conditional on the version that the reader saw. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}

/** A key for one intent: sent again with the same one, it is done once. */
export function freshKey(): { 'Idempotency-Key': string } {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return {
    'Idempotency-Key': Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}

/** Moves to the first field with an error, once it is drawn. */
export async function focusFirstError(form: HTMLFormElement | undefined): Promise<void> {
  await tick();
  form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
