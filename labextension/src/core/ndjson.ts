/**
 * NDJSON from a byte stream: chunks in, objects out. Knows nothing of requests or events.
 * A chunk may end anywhere, also inside a character; blank lines are heartbeats and yield nothing.
 */

/** Splits text chunks into JSON values; keeps the unfinished last line for the next chunk. */
export class LineParser<T> {
  /** The values completed by `chunk`. Throws a SyntaxError on a line that is not JSON. */
  push(chunk: string): T[] {
    const lines = (this._rest + chunk).split('\n');
    this._rest = lines.pop() ?? '';
    return lines.filter(line => line.trim() !== '').map(line => JSON.parse(line) as T);
  }

  private _rest = '';
}

/** The stream broke, or nothing came, not even a heartbeat, for longer than it may be silent. */
export class StreamLostError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'StreamLostError';
  }
}

/**
 * The values of an NDJSON body, as they arrive; a last line without its newline is dropped, as it was cut off.
 * Leaving the loop early closes the connection. An abort surfaces as the platform's AbortError.
 *
 * @param body the body of a Response
 * @param silence milliseconds without a byte after which StreamLostError is thrown
 */
export async function* readNdjson<T>(body: ReadableStream<Uint8Array>, silence: number): AsyncGenerator<T> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new LineParser<T>();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), silence);
      if (done) {
        return;
      }
      for (const item of parser.push(decoder.decode(value, { stream: true }))) {
        yield item;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** `promise`, or StreamLostError after so many milliseconds; browsers report a broken body as a TypeError. */
async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StreamLostError(`silent for ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } catch (error) {
    throw error instanceof TypeError ? new StreamLostError(error.message) : error;
  } finally {
    clearTimeout(timer);
  }
}
