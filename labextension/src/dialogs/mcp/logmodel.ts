/** The log of the open row: followed while it is on screen, drawn in bunches. */
import { IDisposable } from '@lumino/disposable';

import { LogTail } from '../../core/logtail';
import { AdaptiveFlush, browserClock, IClock } from '../../core/throttle';
import { ILogLine } from '../../core/wire';
import { IMandrake } from '../../tokens';
import { Level, McpApi } from './api';

/** Lines of log: the last few in the open row, more once asked for. */
const GLANCE = 4;
const ALL = 500;

export class LogModel implements IDisposable {
  constructor(
    private readonly _mandrake: IMandrake,
    name: string,
    changed: () => void,
    clock: IClock = browserClock
  ) {
    this._api = new McpApi(_mandrake.api.settings);
    this._flush = new AdaptiveFlush(changed, clock);
    this._tail = new LogTail({
      follow: (after, signal) => this._api.followLogs(this._workspace, name, ALL, this.level, after, signal),
      look: signal => this._api.logs(this._workspace, name, ALL, this.level, signal),
      onLines: (lines, anew) => {
        this._lines = [...(anew ? [] : this._lines), ...lines].slice(-ALL);
        this._flush.request();
      },
      crowded: () => _mandrake.api.answers > 0
    });
    _mandrake.api.answersChanged.connect(this._onAnswers, this);
    _mandrake.feed.reset.connect(this._onReset, this);
  }

  /** All lines instead of the last few. */
  whole = false;
  follow = true;
  level: Level = null;

  get lines(): readonly ILogLine[] {
    return this.whole ? this._lines : this._lines.slice(-GLANCE);
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Someone sees it, or no longer does. */
  watch(visible: boolean): void {
    this._visible = visible;
    this._look();
  }

  change(change: Partial<Pick<LogModel, 'whole' | 'follow' | 'level'>>): void {
    const level = this.level;
    Object.assign(this, change);
    if (this.level !== level) {
      this._lines = [];
      this._tail.reset();
    }
    this._look();
  }

  dispose(): void {
    this._disposed = true;
    this._mandrake.api.answersChanged.disconnect(this._onAnswers, this);
    this._mandrake.feed.reset.disconnect(this._onReset, this);
    this._tail.sleep();
    this._flush.dispose();
  }

  private _look(): void {
    if (this._visible && !this._disposed && (this.follow || this._lines.length === 0)) {
      this._tail.wake();
    } else {
      this._tail.sleep();
    }
  }

  private _onAnswers(): void {
    this._tail.recheck();
  }

  /** Perhaps another Jupyter, whose lines are numbered from one. */
  private _onReset(): void {
    this._tail.reset();
  }

  private get _workspace(): string {
    return this._mandrake.project.workspace;
  }

  private _lines: readonly ILogLine[] = [];
  private _visible = false;
  private _disposed = false;
  private readonly _api: McpApi;
  private readonly _tail: LogTail;
  private readonly _flush: AdaptiveFlush;
}
