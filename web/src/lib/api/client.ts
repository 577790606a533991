/** Typed calls of the REST interface; its paths and shapes are generated from the hub's OpenAPI document. */
import createClient, { type Client } from 'openapi-fetch';

import type { paths } from './openapi.generated.ts';
import { ApiProblem, Unreachable } from './problem.ts';

export type Api = Client<paths>;

export interface ApiOptions {
  /** Whose calls these are; without it nobody is signed in. */
  readonly session?: { token(refused?: string | boolean): Promise<string | null> };
  /** The hub's origin; empty: the page's own. */
  readonly base?: string;
  readonly fetch?: typeof fetch;
}

const ANSWER_MS = 20_000;

/** Makes a client that signs its calls, and refreshes the token once where the hub refuses it. */
export function createApi({ session, base = '', fetch: send = fetch }: ApiOptions = {}): Api {
  const signed = (request: Request, token: string | null): Request => {
    const copy = new Request(request.clone(), { signal: AbortSignal.timeout(ANSWER_MS) });
    if (token !== null) copy.headers.set('Authorization', `Bearer ${token}`);
    return copy;
  };
  return createClient<paths>({
    baseUrl: base,
    fetch: async (request) => {
      const token = (await session?.token()) ?? null;
      const response = await send(signed(request, token));
      if (response.status !== 401 || session === undefined || token === null) return response;
      const fresh = await session.token(token);
      return fresh === null ? response : send(signed(request, fresh));
    },
  });
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/**
 * Returns what a call was answered with.
 *
 * @throws ApiProblem when the hub says no; Unreachable when it did not answer.
 */
export async function ask<Data>(call: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof Unreachable) throw error;
    throw new Unreachable('no answer', { cause: error });
  }
  const { data, error, response } = answer;
  if (!response.ok) {
    const wait = Number(response.headers.get('Retry-After'));
    throw ApiProblem.from(error, response.status, wait > 0 ? wait : null);
  }
  return data as NonNullable<Data>;
}
