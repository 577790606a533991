import type { ProblemDetails } from './types.ts';

/** What the hub says no with: RFC 9457 problem details, from REST and from Socket.IO alike. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  readonly status: number;
  readonly details: Partial<ProblemDetails>;
  /** Seconds to wait before the next try, where the hub said so. */
  readonly retryAfter: number | null;

  constructor(status: number, details: Partial<ProblemDetails>, retryAfter: number | null = null) {
    super(details.detail ?? details.title ?? `status ${status}`);
    this.status = status;
    this.details = details;
    this.retryAfter = retryAfter;
  }

  /** A sentence for a person; null where the answer did not come from the hub (a proxy's page, say). */
  get detail(): string | null {
    return this.details.detail ?? null;
  }

  /** Makes a problem of any answer; one that is no problem document keeps its status only. */
  static from(body: unknown, status: number, retryAfter: number | null = null): ApiProblem {
    const details = typeof body === 'object' && body !== null ? (body as Partial<ProblemDetails>) : {};
    // An acknowledgement has no headers: there the problem says itself how long to wait.
    const wait = (details as { retry_after?: unknown }).retry_after;
    return new ApiProblem(
      details.status ?? status,
      details,
      retryAfter ?? (typeof wait === 'number' ? wait : null),
    );
  }
}

/** The hub could not be reached, or did not answer in time. What was asked may have happened. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
