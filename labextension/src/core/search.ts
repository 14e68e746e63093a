/**
 * Searching while one types: asks when the typing pauses, and what is answered late to an older question is never
 * shown. Knows nothing of requests or of the page: it is given the way to ask, and a timer.
 */
import { IFoundChat, IHit, ISearchAnswer, ISnippetPart } from './wire';

/** Run `action` after so many milliseconds; the answer undoes it. */
export type After = (milliseconds: number, action: () => void) => () => void;

export interface ISearchOptions {
  ask(query: string, limit: number, signal: AbortSignal): Promise<ISearchAnswer>;
  changed(): void;
  after: After;
}

/** Milliseconds without a key before it is asked. */
export const TYPING = 150;
/** Chats asked for at first, and then; the server gives no more than the last. */
export const LIMITS = [20, 100];

export class Search {
  constructor(private readonly _options: ISearchOptions) {}

  /** As typed. */
  get query(): string {
    return this._query;
  }
  /** The last answer; to an older question while the newest is asked. Null before there is one, and after a failure. */
  get answer(): ISearchAnswer | null {
    return this._answer;
  }
  get failure(): unknown {
    return this._failure;
  }
  /** A question is about to be asked, or on its way. */
  get working(): boolean {
    return this._undo !== null || this._abort !== null;
  }
  /** Each hit and each title that was found, in their order on the page. */
  get options(): readonly IFoundOption[] {
    return this._found;
  }
  /** The one that Enter opens. */
  get at(): number {
    return this._at;
  }
  /** Whether more chats can be had. */
  get more(): boolean {
    return Boolean(this._answer?.more) && this._limit < LIMITS.length - 1;
  }

  /** What is typed now stands in the field. */
  type(query: string): void {
    const before = words(this._query);
    this._query = query;
    if (words(query) !== before) {
      this._limit = 0;
      this._then = null;
      this._stop();
      if (words(query)) {
        this._undo = this._options.after(TYPING, () => this._ask());
      } else {
        this._put(null);
      }
    }
    this._options.changed();
  }

  /** Ask now, and again if it was: after a failure, or where something else is searched. */
  again(): void {
    this._stop();
    if (words(this._query)) {
      this._ask();
      this._options.changed();
    }
  }

  /** Ask for more chats. */
  further(): void {
    this._limit = LIMITS.length - 1;
    this.again();
  }

  /** Give `open` what is chosen; when the newest question is not answered yet, the best of its answer. */
  choose(open: (option: IFoundOption) => void): void {
    if (!this.working) {
      const chosen = this._found[this._at];
      return chosen && open(chosen);
    }
    this._then = open;
    if (this._undo) {
      this.again();
    }
  }

  move(at: number): void {
    this._at = at;
    this._options.changed();
  }

  private _ask(): void {
    this._undo = null;
    const abort = new AbortController();
    this._abort = abort;
    const settle = (answer: ISearchAnswer | null, failure: unknown) => {
      if (this._abort === abort) {
        this._abort = null;
        this._put(answer, failure);
        this._options.changed();
        const then = this._then;
        this._then = null;
        if (then) {
          this.choose(then);
        }
      }
    };
    this._options.ask(words(this._query), LIMITS[this._limit], abort.signal).then(
      answer => settle(answer, null),
      error => settle(null, error)
    );
  }

  private _stop(): void {
    this._undo?.();
    this._undo = null;
    this._abort?.abort();
    this._abort = null;
  }

  private _put(answer: ISearchAnswer | null, failure: unknown = null): void {
    const further = answer !== null && answer.query === this._answer?.query;
    this._answer = answer;
    this._failure = failure;
    this._found = answer ? optionsOf(answer.results) : [];
    this._at = further ? Math.min(this._at, Math.max(0, this._found.length - 1)) : 0;
  }

  private _query = '';
  private _answer: ISearchAnswer | null = null;
  private _failure: unknown = null;
  private _found: readonly IFoundOption[] = [];
  private _at = 0;
  private _limit = 0;
  private _undo: (() => void) | null = null;
  private _abort: AbortController | null = null;
  private _then: ((option: IFoundOption) => void) | null = null;
}

/** One that can be chosen: a message, or the chat by its title. */
export interface IFoundOption {
  chat: IFoundChat;
  hit: IHit;
}

/** The title first, as it stands above the messages. */
export function optionsOf(results: readonly IFoundChat[]): IFoundOption[] {
  return results.flatMap(chat =>
    [...chat.hits]
      .sort((a, b) => Number(b.kind === 'title') - Number(a.kind === 'title'))
      .map(hit => ({ chat, hit }))
  );
}

/** Found words that stand side by side are marked as one. */
export function joined(snippet: readonly ISnippetPart[]): ISnippetPart[] {
  const parts: ISnippetPart[] = [];
  snippet.forEach(({ text, mark }, i) => {
    const between = snippet[i - 1]?.mark && snippet[i + 1]?.mark && text.trim() === '';
    const last = parts[parts.length - 1];
    if (last?.mark && (mark || between)) {
      parts[parts.length - 1] = { text: last.text + text, mark: true };
    } else {
      parts.push({ text, mark });
    }
  });
  return parts;
}

function words(query: string): string {
  return query.trim().replace(/\s+/g, ' ');
}
