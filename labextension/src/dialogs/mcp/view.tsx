/** The MCP servers of the project: a list, and a place to paste one more. Looks at the server only while it is on screen. */
import { ReactWidget } from '@jupyterlab/apputils';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IMandrake } from '../../tokens';
import { Icon } from '../../icons';
import { portsOf } from '../common/failure';
import { ErrorCard, SmallButton, Spinner, useSignal } from '../common/parts';
import { IPlace, placeOf, problemText } from '../config/words';
import { Add } from './add';
import { AddModel } from './addmodel';
import { McpApi } from './api';
import { McpModel } from './model';
import { IRowProps, Row } from './row';
import { isRunning } from './status';

export class McpServersWidget extends ReactWidget {
  /**
   * @param _review opens the trust dialog; resolves when it is closed
   * @param _edit opens the editor of the project's own file; resolves when it is closed
   */
  constructor(
    private readonly _mandrake: IMandrake,
    private readonly _review: () => Promise<unknown>,
    private readonly _edit: (at?: IPlace) => Promise<unknown>
  ) {
    super();
    this.model = new McpModel(_mandrake);
    this._add = new AddModel(portsOf(_mandrake, new McpApi(_mandrake.api.settings)), () => this.model.names);
    this.addClass('jp-Mandrake-mcp');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _mandrake.trans.__('MCP servers'));
  }

  readonly model: McpModel;

  override dispose(): void {
    this.model.dispose();
    this._add.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <McpServers
        model={this.model}
        add={this._add}
        trans={this._mandrake.trans}
        review={() => void this._review().then(() => this._again())}
        edit={at => void this._edit(at).then(() => this._again())}
        close={() => this.close()}
      />
    );
  }

  private _again(): void {
    void this.model.refresh();
    void this.model.lookAtConfig();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    document.addEventListener('visibilitychange', this._onVisibility);
    this.model.watch(this.isVisible);
  }
  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.watch(true);
  }
  protected override onBeforeHide(message: Message): void {
    this.model.watch(false);
    super.onBeforeHide(message);
  }
  protected override onBeforeDetach(message: Message): void {
    document.removeEventListener('visibilitychange', this._onVisibility);
    this.model.watch(false);
    super.onBeforeDetach(message);
  }
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }
  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('[data-testid="mandrake-mcp-list"] button, textarea')?.focus();
  }

  private readonly _onVisibility = () => this.model.see(document.hidden);
  private readonly _add: AddModel;
}

interface IProps {
  model: McpModel;
  add: AddModel;
  trans: ITrans;
  review: () => void;
  edit: (at?: IPlace) => void;
  close: () => void;
}

function McpServers({ model, add, trans, review, edit, close }: IProps): JSX.Element {
  useSignal(model.changed);
  return (
    <>
      <header className="jp-Mandrake-mcp-head">
        <h2>{trans.__('MCP servers')}</h2>
        <span className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-num">
          {model.servers.length > 0 &&
            trans.__('%1 of %2 running', model.servers.filter(isRunning).length, model.servers.length)}
        </span>
        <button
          type="button"
          className="jp-Mandrake-icon"
          aria-label={trans.__('Edit configuration…')}
          title={trans.__('Edit configuration…')}
          data-testid="mandrake-mcp-edit"
          onClick={() => edit()}
        >
          <Icon name="pencil" />
        </button>
        <button
          type="button"
          className="jp-Mandrake-icon"
          aria-label={trans.__('Close')}
          title={trans.__('Close')}
          onClick={close}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className="jp-Mandrake-mcp-scroll">
        <Problems config={model.config} trans={trans} edit={edit} />
        <List model={model} trans={trans} review={review} edit={edit} manage={name => void add.replace(name)} />
      </div>
      <Add model={add} trans={trans} onAdded={() => {
          void model.refresh();
          void model.lookAtConfig();
        }} />
      <div className="jp-Mandrake-hidden" role="status">
        {model.said}
      </div>
    </>
  );
}

/** What is wrong with the files, in one banner; the editor is offered for the file that it edits. */
function Problems({ config, trans, edit }: Pick<IProps, 'trans' | 'edit'> & Pick<McpModel, 'config'>): JSX.Element {
  const { file, problems } = config;
  const own = problems.find(problem => problem.file === file);
  return (
    <div role="status">
      {problems.length > 0 && (
        <div className="jp-Mandrake-banner jp-mod-warn" data-testid="mandrake-mcp-file-problem">
          <Icon name="triangle" className="is-warn" />
          <div className="jp-Mandrake-grow">
            {problems.map(problem => (
              <p key={problemText(trans, problem)}>{problemText(trans, problem)}</p>
            ))}
            {own && (
              <div className="jp-Mandrake-banner-actions">
                <SmallButton onClick={() => edit(placeOf(own))}>{trans.__('Open editor')}</SmallButton>
              </div>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

type IListProps = Pick<IProps, 'model' | 'trans' | 'review' | 'edit'> & Pick<IRowProps, 'manage'>;

function List({ model, trans, review, edit, manage }: IListProps): JSX.Element {
  if (!model.known) {
    return model.failure ? (
      <div className="jp-Mandrake-mcp-note">
        <ErrorCard title={model.failure.message} then={model.failure.then}>
          <SmallButton onClick={() => void model.refresh()}>{trans.__('Try again')}</SmallButton>
        </ErrorCard>
      </div>
    ) : (
      <div className="jp-Mandrake-mcp-note">
        <Spinner text={trans.__('Loading…')} />
      </div>
    );
  }
  return (
    <>
      {model.failure && (
        <div className="jp-Mandrake-mcp-note">
          <ErrorCard
            title={model.failure.message}
            then={trans.__('The list is as it was. It is asked for again by itself.')}
          />
        </div>
      )}
      <ul
        role="list"
        className="jp-Mandrake-list"
        aria-label={trans.__('MCP servers')}
        data-testid="mandrake-mcp-list"
        onPointerEnter={() => (model.hold = true)}
        onPointerLeave={() => (model.hold = false)}
      >
        {model.servers.map(server => (
          <Row key={server.id} server={server} model={model} trans={trans} review={review} edit={edit} manage={manage} />
        ))}
      </ul>
      {model.servers.length === 0 && (
        <p className="jp-Mandrake-mcp-note">{trans.__('No MCP server yet. Paste one below.')}</p>
      )}
    </>
  );
}
