/**
 * Typed calls for pages whose first load must be small: the same paths and shapes as `client.ts`, generated from the hub's
 * OpenAPI document, on `fetch` alone (openapi-fetch weighs 3 kB).
 */
import type { paths } from './openapi.generated.ts';
import { ApiProblem, Unreachable } from './problem.ts';

type Method = 'get' | 'post';
type Has<M extends Method> = {
  [Path in keyof paths]: undefined extends paths[Path][M] ? never : Path;
}[keyof paths];
type Json<Content> = Content extends { content: { 'application/json': infer Shape } } ? Shape : never;
type Answer<Operation> = Operation extends { responses: infer Responses }
  ? Json<Responses[keyof Responses & (200 | 201)]>
  : never;
type Body<Operation> = Operation extends { requestBody: infer Request } ? Json<Request> : undefined;
type InPath<Operation> = Operation extends { parameters: { path: infer Names } } ? Names : undefined;

export interface LightOptions {
  /** The hub's origin; empty: the page's own. */
  readonly base?: string;
  /** Whose call this is; null: nobody's. */
  readonly token?: string | null;
  readonly query?: Readonly<Record<string, string>>;
  /** Is told of every answer. */
  readonly onAnswer?: (response: Response) => void;
}

const ANSWER_MS = 20_000;

/**
 * Asks and returns the answer.
 *
 * @throws ApiProblem when the hub says no; Unreachable when it did not answer.
 */
export async function light<M extends Method, Path extends Has<M>>(
  method: M,
  path: Path,
  names: InPath<paths[Path][M]>,
  body: Body<paths[Path][M]>,
  { base = '', token = null, query = {}, onAnswer }: LightOptions = {},
): Promise<Answer<paths[Path][M]>> {
  const filled = String(path).replace(/{(\w+)}/g, (_, name: string) =>
    encodeURIComponent(String((names as Record<string, unknown> | undefined)?.[name])),
  );
  const asked = new URLSearchParams(query).toString();
  const headers = new Headers();
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(base + filled + (asked === '' ? '' : `?${asked}`), {
      method: method.toUpperCase(),
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const raw = await response.text();
    answer = raw === '' ? null : parsed(raw);
  } catch (error) {
    throw new Unreachable('no answer', { cause: error });
  }
  onAnswer?.(response);
  if (response.ok) return answer as Answer<paths[Path][M]>;
  const wait = Number(response.headers.get('Retry-After'));
  throw ApiProblem.from(answer, response.status, wait > 0 ? wait : null);
}

/** A proxy's page is no JSON: its status must do. */
function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}
