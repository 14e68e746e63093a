/** What a refusal of the server says, whoever it came from. */
import type { IErrorBody } from './wire';

/** The wire's error body of a response that is none of ours, too: then it is made up from the status. */
export async function errorBody(response: { status: number; json(): Promise<unknown> }): Promise<IErrorBody> {
  let known: Partial<IErrorBody> = {};
  try {
    const body: unknown = await response.json();
    known = typeof body === 'object' && body !== null ? body : {};
  } catch {
    // Not JSON: a proxy in between, or a page of Jupyter's own.
  }
  return {
    message: known.message ?? `Jupyter answered with status ${response.status}.`,
    reason: known.reason ?? null,
    code: known.code ?? `http_${response.status}`,
    then: known.then ?? '',
    actions: known.actions ?? [],
    retryable: known.retryable ?? response.status >= 500,
    retry_after: known.retry_after ?? null
  };
}
