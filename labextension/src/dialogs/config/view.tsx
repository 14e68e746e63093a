/** The editor of the project's own file of MCP servers, with what is wrong in any such file below it. */
import { ReactWidget } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { IConfigProblem } from '../../core/wire';
import { Icon } from '../../icons';
import { ErrorCard, FooterButton, SmallButton, Spinner, useSignal } from '../common/parts';
import { TextEditor } from './editor';
import { ConfigModel } from './model';
import { findPlace, IPlace, placeOf, problemText } from './words';

interface IProps {
  model: ConfigModel;
  services: IEditorServices;
  trans: ITrans;
  /** Where the cursor is put at first. */
  place: IPlace;
  close: () => void;
}

export class ConfigBody extends ReactWidget {
  constructor(private readonly _props: IProps) {
    super();
    this.addClass('jp-Mandrake-form');
    // Lab's shortcuts would save the notebook behind.
    this.node.dataset.lmSuppressShortcuts = 'true';
  }

  override dispose(): void {
    this._props.model.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return <Config {...this._props} />;
  }
}

function Config(props: IProps): JSX.Element {
  const { model, trans } = props;
  useSignal(model.changed);
  const editor = React.useRef<TextEditor | null>(null);
  const go = React.useCallback(
    (place: IPlace) => {
      const at = findPlace(model.text, place);
      if (at) {
        editor.current?.goTo(at.line, at.column);
      } else {
        editor.current?.focus();
      }
    },
    [model]
  );
  React.useEffect(() => {
    if (model.wrongAt) {
      go(model.wrongAt);
    }
  }, [model.wrongAt, go]);
  return (
    <div
      className="jp-Mandrake-config"
      onKeyDown={event => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
          event.preventDefault();
          void model.save();
        }
      }}
    >
      <div className="jp-Mandrake-dialog-body">
        {model.known && <Editor {...props} editor={editor} go={go} />}
        {model.phase === 'loading' && <Spinner text={trans.__('Loading…')} />}
        <Trouble model={model} trans={trans} go={go} />
        {model.known && <Problems model={model} trans={trans} go={go} />}
      </div>
      <Footer {...props} />
    </div>
  );
}

interface IEditorProps extends IProps {
  editor: React.MutableRefObject<TextEditor | null>;
  go: (place: IPlace) => void;
}

function Editor({ model, services, trans, place, editor, go }: IEditorProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (!host.current) {
      return;
    }
    const made = new TextEditor({
      services,
      host: host.current,
      text: model.text,
      label: trans.__('Text of %1', model.file),
      onChange: text => model.type(text)
    });
    editor.current = made;
    go(place.file === undefined || place.file === model.file ? place : {});
    return () => {
      editor.current = null;
      made.dispose();
    };
  }, [model, services, trans, place, editor, go]);
  React.useEffect(() => editor.current?.replace(model.text), [model, model.revision, editor]);
  return (
    <>
      <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-path">{model.path}</p>
      <div
        ref={host}
        className="jp-Mandrake-editor"
        data-testid="mandrake-config-editor"
        onKeyDownCapture={event => {
          // Tab leaves the editor, as it leaves any field of a dialog.
          if (event.key === 'Tab') {
            event.stopPropagation();
          }
        }}
      />
      <p className="jp-Mandrake-small jp-Mandrake-muted">
        {trans.__('By saving you trust what you added or changed: it may run on your Jupyter server.')}
      </p>
    </>
  );
}

interface ITroubleProps {
  model: ConfigModel;
  trans: ITrans;
  go: (place: IPlace) => void;
}

function Trouble({ model, trans, go }: ITroubleProps): JSX.Element {
  const { failure, conflict, wrongAt } = model;
  return (
    <>
      {failure && (
        <ErrorCard title={failure.message} then={failure.then} testId="mandrake-config-failure">
          {wrongAt && (
            <SmallButton onClick={() => go(wrongAt)}>{trans.__('Go to line %1', wrongAt.line)}</SmallButton>
          )}
          {!model.known && <SmallButton onClick={() => void model.load()}>{trans.__('Try again')}</SmallButton>}
        </ErrorCard>
      )}
      {conflict && (
        <ErrorCard
          title={trans.__('The file was changed meanwhile.')}
          then={trans.__('Nothing was written. What you wrote is kept here.')}
          testId="mandrake-config-conflict"
        >
          <SmallButton onClick={() => model.reload()}>{trans.__('Reload')}</SmallButton>
          <SmallButton onClick={() => void model.keepMine()}>{trans.__('Keep mine')}</SmallButton>
        </ErrorCard>
      )}
    </>
  );
}

function Problems({ model, trans, go }: ITroubleProps): JSX.Element {
  const { problems } = model;
  return (
    <div role="status">
      {problems.length > 0 && (
        <ul className="jp-Mandrake-problems" aria-label={trans.__('Problems')} data-testid="mandrake-config-problems">
          {problems.map(problem => (
            <li key={problemText(trans, problem)}>
              <Icon name="triangle" className="is-warn" />
              <ProblemLink problem={problem} own={problem.file === model.file} trans={trans} go={go} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function ProblemLink(props: {
  problem: IConfigProblem;
  /** It is in the file that is edited here. */
  own: boolean;
  trans: ITrans;
  go: (place: IPlace) => void;
}): JSX.Element {
  const words = problemText(props.trans, props.problem);
  return props.own ? (
    <button type="button" className="jp-Mandrake-link" onClick={() => props.go(placeOf(props.problem))}>
      {words}
    </button>
  ) : (
    <span>{words}</span>
  );
}

function Footer({ model, trans, close }: IProps): JSX.Element {
  const stay = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (model.asking) {
      stay.current?.querySelector<HTMLElement>('button')?.focus();
    }
  }, [model.asking]);
  if (model.asking) {
    const words = trans.__('Your changes are not saved.');
    return (
      <div ref={stay} className="jp-Mandrake-dialog-footer" role="group" aria-label={words}>
        <span className="jp-Mandrake-grow">{words}</span>
        <FooterButton look="reject" testId="mandrake-config-stay" onClick={() => model.goOn()}>
          {trans.__('Go on editing')}
        </FooterButton>
        <FooterButton look="plain" testId="mandrake-config-discard" onClick={close}>
          {trans.__('Discard them')}
        </FooterButton>
      </div>
    );
  }
  return (
    <div className="jp-Mandrake-dialog-footer">
      <span className="jp-Mandrake-grow jp-Mandrake-hstack jp-Mandrake-tight" role="status">
        {model.justSaved && <Icon name="done" className="is-ok" />}
        {model.justSaved ? trans.__('Saved') : model.dirty ? trans.__('Not saved yet') : ''}
      </span>
      <FooterButton
        look="reject"
        testId="mandrake-config-close"
        onClick={() => {
          if (model.mayClose()) {
            close();
          }
        }}
      >
        {trans.__('Close')}
      </FooterButton>
      <FooterButton
        look="accept"
        testId="mandrake-config-save"
        disabled={!model.dirty || model.conflict !== null}
        busy={model.phase === 'saving'}
        onClick={() => void model.save()}
      >
        {trans.__('Save')}
      </FooterButton>
    </div>
  );
}
