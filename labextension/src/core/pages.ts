/**
 * The chats as far as they were asked for: newest first, a page at a time. What was read is kept while the newest are
 * read again, so that a list of thousands is not loaded anew because one of them moved.
 */
import { ISession } from './wire';

export interface IPage {
  items: ISession[];
  /** What the next page is asked for with; null after the last one. */
  next: string | null;
}

type Fetch = (after: string | null) => Promise<IPage>;

export class Pages {
  constructor(private readonly _fetch: Fetch) {}

  /** Null until the first page is there. */
  get items(): readonly ISession[] | null {
    return this._items;
  }
  /** Whether there are older ones. */
  get more(): boolean {
    return this._next !== null;
  }

  /** Read the newest again. A chat that is not among them any more but should be is gone. */
  async refresh(): Promise<void> {
    const turn = ++this._turn;
    const page = await this._fetch(null);
    if (turn !== this._turn) {
      return;
    }
    const last = page.items[page.items.length - 1];
    const fresh = new Set(page.items.map(({ id }) => id));
    const older = (this._items ?? []).filter(
      item =>
        !this._whole && page.next !== null && !fresh.has(item.id) && item.last_activity <= last.last_activity
    );
    this._whole = false;
    this._next = older.length ? this._next : page.next;
    this._items = this._sameWhereSame([...page.items, ...older]);
  }

  /** Read the next page; asked for while it is read, it is read once. */
  older(): Promise<void> {
    this._reading ??= this._older().finally(() => {
      this._reading = null;
    });
    return this._reading;
  }

  /** With the next `refresh` forget all but the newest: what happened meanwhile is not known. */
  forget(): void {
    this._whole = true;
  }

  find(id: string): ISession | undefined {
    return this._items?.find(item => item.id === id);
  }

  /** Put `session` where it belongs, if the list reaches that far. */
  put(session: ISession): void {
    const others = (this._items ?? []).filter(({ id }) => id !== session.id);
    const at = others.findIndex(({ last_activity }) => last_activity <= session.last_activity);
    if (at >= 0 || !this.more) {
      others.splice(at < 0 ? others.length : at, 0, session);
    }
    this._items = others;
  }

  drop(id: string): void {
    this._items = this._items && this._items.filter(item => item.id !== id);
  }

  private async _older(): Promise<void> {
    const after = this._next;
    if (after === null) {
      return;
    }
    const page = await this._fetch(after);
    if (after !== this._next) {
      // The list was begun anew meanwhile.
      return;
    }
    const known = new Set(this._items?.map(({ id }) => id));
    this._next = page.next;
    this._items = [...(this._items ?? []), ...page.items.filter(({ id }) => !known.has(id))];
  }

  /** An unchanged chat stays the same object: its row is not drawn again. */
  private _sameWhereSame(items: ISession[]): ISession[] {
    const before = new Map(this._items?.map(item => [item.id, item]));
    return items.map(item => {
      const old = before.get(item.id);
      return old && JSON.stringify(old) === JSON.stringify(item) ? old : item;
    });
  }

  private _items: ISession[] | null = null;
  private _next: string | null = null;
  private _whole = false;
  private _turn = 0;
  private _reading: Promise<void> | null = null;
}

/** The cursor of the next page in a `Link` header; null when there is none. */
export function nextOf(link: string | null): string | null {
  for (const [, address, rest] of (link ?? '').matchAll(/<([^>]*)>([^,]*)/g)) {
    if (/;\s*rel="?next"?/i.test(rest)) {
      return new URL(address, 'http://localhost').searchParams.get('after');
    }
  }
  return null;
}
