/**
 * The list of chats: those of one project or of all, as far as they were asked for. Kept true by what the feed tells.
 */
import { WireError } from '../api';
import { Pages } from '../core/pages';
import { ISession, IWorkspace } from '../core/wire';
import { IMandrake } from '../tokens';
import { errorBodyOf } from './words';

/** So many of what was told are asked for at a time, one by one. */
const FEW = 8;

export class Chats {
  constructor(
    private readonly _mandrake: IMandrake,
    private readonly _changed: () => void
  ) {
    this._scope = _mandrake.project.workspace;
    this._pages = this._begin();
  }

  /** The project whose chats are listed and searched; null for all. */
  get scope(): string | null {
    return this._scope;
  }
  /** All projects that are known. */
  get projects(): readonly IWorkspace[] {
    return this._projects;
  }
  /** Null until they were fetched. */
  get items(): readonly ISession[] | null {
    return this._pages.items;
  }
  get more(): boolean {
    return this._pages.more;
  }
  /** Older ones are being fetched. */
  get reading(): boolean {
    return this._reading;
  }
  /** Why they could not be fetched the last time. */
  get failure(): string | null {
    return this._failure;
  }

  setScope(scope: string | null): void {
    if (scope !== this._scope) {
      this._scope = scope;
      this._pages = this._begin();
      this._changed();
      void this.refresh();
    }
  }

  /** The name of a project, or of the one that is listed; null while there is only one. */
  projectName(id: string | null): string | null {
    if (this._projects.length < 2) {
      return null;
    }
    const found = this._projects.find(project => (id === 'default' ? project.default : project.id === id));
    return found?.name ?? null;
  }

  find(id: string): ISession | undefined {
    return this._pages.find(id);
  }

  /** Read the newest, and those that were told of. Never rejects. */
  async refresh(): Promise<void> {
    const pages = this._pages;
    const told = [...this._told];
    this._told.clear();
    try {
      await pages.refresh();
      const unread = told.filter(([id]) => pages.find(id) && !this._isNew(id));
      unread.slice(FEW).forEach(([id, workspace]) => this.told(id, workspace));
      await Promise.all(unread.slice(0, FEW).map(([id, workspace]) => this._read(pages, id, workspace)));
      this._failure = null;
    } catch (error) {
      this._failure = errorBodyOf(this._mandrake.trans, error).message;
    }
    this._changed();
  }

  /** Read those before the last one listed. Never rejects. */
  async older(): Promise<void> {
    if (this._reading || !this.more) {
      return;
    }
    this._reading = true;
    this._changed();
    try {
      await this._pages.older();
      this._failure = null;
    } catch (error) {
      this._failure = errorBodyOf(this._mandrake.trans, error).message;
    } finally {
      this._reading = false;
      this._changed();
    }
  }

  /** Something happened to a chat: it is looked at with the next `refresh`. */
  told(id: string, workspace: string): void {
    this._told.set(id, workspace);
  }

  /** It is not known what happened: the list begins anew with the next `refresh`. */
  forget(): void {
    this._pages.forget();
  }

  put(session: ISession): void {
    this._pages.put(session);
    this._changed();
  }

  drop(id: string): void {
    this._pages.drop(id);
    this._changed();
  }

  /** Which projects there are. Never rejects: the last known ones stay. */
  async loadProjects(): Promise<void> {
    try {
      this._projects = await this._mandrake.api.workspaces();
      this._changed();
    } catch {
      // The list itself says that Jupyter can't be reached.
    }
  }

  private _begin(): Pages {
    const scope = this._scope;
    this._failure = null;
    return new Pages(after => this._mandrake.api.sessions(scope, after));
  }

  /** Whether `id` is among the newest, which were read just now. */
  private _isNew(id: string): boolean {
    return (this.items ?? []).slice(0, 100).some(item => item.id === id);
  }

  private async _read(pages: Pages, id: string, workspace: string): Promise<void> {
    try {
      pages.put(await this._mandrake.api.session(workspace, id));
    } catch (error) {
      if (!(error instanceof WireError && error.status === 404)) {
        throw error;
      }
      pages.drop(id);
    }
  }

  private _scope: string | null;
  private _pages: Pages;
  private _projects: IWorkspace[] = [];
  private _reading = false;
  private _failure: string | null = null;
  private readonly _told = new Map<string, string>();
}

/** A chat of this project, or of any. Rejects when there is none, or Jupyter can't be reached. */
export async function findChat({ api, project }: IMandrake, id: string): Promise<ISession> {
  try {
    return await api.session(project.workspace, id);
  } catch (error) {
    if (!(error instanceof WireError && error.status === 404)) {
      throw error;
    }
    // A notebook's chat may belong to another project.
    const others = (await api.workspaces()).filter(workspace => !workspace.default);
    const found = await Promise.allSettled(others.map(other => api.session(other.id, id)));
    const there = found.find(result => result.status === 'fulfilled');
    if (there?.status !== 'fulfilled') {
      throw error;
    }
    return there.value;
  }
}
