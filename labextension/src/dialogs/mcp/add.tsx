/** "Add an MCP server": paste anything; what would run is shown, word for word, before it is added. */
import * as React from 'react';

import { ITrans } from '../../core/trans';
import { Icon } from '../../icons';
import { ErrorCard, SmallButton, useSignal } from '../common/parts';
import { AddModel } from './addmodel';
import { chosen, IDraft, ISetting } from './entries';
import { TrialResult } from './trial';

interface IProps {
  model: AddModel;
  trans: ITrans;
  /** Something was added. */
  onAdded: () => void;
}

export function Add({ model, trans, onAdded }: IProps): JSX.Element {
  useSignal(model.changed);
  const box = React.useRef<HTMLTextAreaElement>(null);
  const back = () => box.current?.focus();
  const add = async () => {
    if (await model.add()) {
      back();
      onAdded();
    }
  };
  return (
    <section className="jp-Mandrake-add" aria-labelledby="jp-Mandrake-add-title">
      <h3 id="jp-Mandrake-add-title" className="jp-Mandrake-strong">
        {model.replaces === null
          ? trans.__('Add an MCP server')
          : trans.__('Run “%1” as a managed container', model.replaces)}
      </h3>
      {model.replaces === null && (
        <>
          <p id="jp-Mandrake-add-help" className="jp-Mandrake-small jp-Mandrake-muted">
            {trans.__('Paste the JSON from its README, its address, or the command that starts it.')}
          </p>
          <textarea
            ref={box}
            className="jp-Mandrake-input jp-Mandrake-mono"
            data-testid="mandrake-mcp-paste"
            rows={4}
            wrap="off"
            spellCheck={false}
            aria-label={trans.__('Add an MCP server')}
            aria-describedby="jp-Mandrake-add-help"
            value={model.text}
            onChange={event => model.edit(event.target.value)}
          />
        </>
      )}
      {model.drafts.map((_, i) => (
        <Preview key={i} index={i} model={model} trans={trans} />
      ))}
      <div role="status">
        {model.problems.map(problem => (
          <p key={problem} className="jp-Mandrake-problem" data-testid="mandrake-mcp-problem">
            <Icon name="triangle" className="is-warn" />
            <span>{problem}</span>
          </p>
        ))}
        {model.added.length > 0 && (
          <p className="jp-Mandrake-problem">
            <Icon name="done" className="is-ok" />
            <span>{trans.__('Added: %1', model.added.join(', '))}</span>
          </p>
        )}
      </div>
      {model.failure && <ErrorCard title={model.failure.message} then={model.failure.then} />}
      {model.begun && (
        <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-add-note">
          {model.drafts.length > 0 &&
            (model.replaces === null
              ? trans.__('Test and Add let it run on your Jupyter server.')
              : trans.__('Replace writes it into .mandrake/mcp.json in the place of the command.'))}
        </p>
      )}
      {model.begun && (
        <div className="jp-Mandrake-actions">
          <TestButton model={model} trans={trans} />
          <span className="jp-Mandrake-grow" />
          <SmallButton
            onClick={() => {
              model.clear();
              back();
            }}
          >
            {trans.__('Cancel')}
          </SmallButton>
          <SmallButton
            look="primary"
            testId="mandrake-mcp-add"
            disabled={!model.ready}
            busy={model.adding}
            onClick={() => void add()}
          >
            {model.replaces === null ? trans.__('Add') : trans.__('Replace')}
          </SmallButton>
        </div>
      )}
    </section>
  );
}

function TestButton({ model, trans }: Pick<IProps, 'model' | 'trans'>): JSX.Element {
  return (
    <SmallButton
      testId="mandrake-mcp-test"
      disabled={!model.testing && (!model.read || !model.drafts.some(draft => draft.on))}
      onClick={() => (model.testing ? model.stopTest() : void model.test())}
    >
      {model.testing ? trans.__('Stop the test') : model.trials.size > 0 ? trans.__('Test again') : trans.__('Test')}
    </SmallButton>
  );
}

interface IPreviewProps {
  index: number;
  model: AddModel;
  trans: ITrans;
}

function Preview({ index, model, trans }: IPreviewProps): JSX.Element {
  const draft = model.drafts[index];
  const problem = model.nameProblem(draft);
  const id = `jp-Mandrake-draft-${index}`;
  return (
    <div className="jp-Mandrake-preview" data-testid="mandrake-mcp-preview" aria-busy={!model.read}>
      <div className="jp-Mandrake-hstack">
        {model.drafts.length > 1 ? (
          <input
            type="checkbox"
            checked={draft.on}
            aria-label={trans.__('Add %1', draft.name)}
            onChange={event => model.change(index, { on: event.target.checked })}
          />
        ) : (
          <Icon name="plug" className="is-off" />
        )}
        <input
          className="jp-Mandrake-input jp-Mandrake-strong jp-Mandrake-name"
          data-testid="mandrake-mcp-name"
          type="text"
          spellCheck={false}
          aria-label={trans.__('Name')}
          aria-invalid={problem !== null}
          aria-describedby={problem ? `${id}-problem` : undefined}
          value={draft.name}
          readOnly={model.replaces !== null}
          onChange={event => model.change(index, { name: event.target.value })}
        />
        {index === 0 && (
          <span className="jp-Mandrake-muted jp-Mandrake-small jp-Mandrake-hide-narrow">
            {trans._n('1 MCP server found', '%1 MCP servers found', model.drafts.length)}
          </span>
        )}
      </div>
      {problem && (
        <p id={`${id}-problem`} className="jp-Mandrake-problem">
          <Icon name="triangle" className="is-warn" />
          <span>{problem}</span>
        </p>
      )}
      <div className="jp-Mandrake-cmd">{chosen(draft).command}</div>
      {draft.on && <Contained id={id} index={index} model={model} trans={trans} />}
      {draft.on && <Settings id={id} draft={draft} index={index} model={model} trans={trans} />}
      {draft.on && <TrialResult trial={model.trials.get(index) ?? null} trans={trans} />}
    </div>
  );
}

/** Whether a `docker run` becomes a container that is bounded, paused and removed by us; what it may do all the same. */
function Contained({ id, index, model, trans }: IPreviewProps & { id: string }): JSX.Element | null {
  const { contained, managed } = model.drafts[index];
  if (!managed) {
    return null;
  }
  return (
    <div className="jp-Mandrake-contained" data-testid="mandrake-mcp-contained">
      {model.replaces === null && (
        <label className="jp-Mandrake-hstack">
          <input
            type="checkbox"
            checked={contained}
            aria-describedby={`${id}-contained`}
            onChange={event => model.change(index, { contained: event.target.checked })}
          />
          <span>{trans.__('Let Mandrake run this container')}</span>
        </label>
      )}
      <p id={`${id}-contained`} className="jp-Mandrake-small jp-Mandrake-muted">
        {trans.__('Bounded memory and processes, paused when idle, removed for certain.')}
      </p>
      {contained && managed.looser.length > 0 && (
        <p className="jp-Mandrake-loosen" data-testid="mandrake-mcp-looser">
          <Icon name="triangle" className="is-warn" />
          <span>
            <span className="jp-Mandrake-strong">{trans.__('Looser than usual:')}</span> {managed.looser.join(' ')}
          </span>
        </p>
      )}
    </div>
  );
}

/** Every empty setting as a field; values are hidden, as most are keys. */
function Settings({ id, draft, index, model, trans }: IPreviewProps & { id: string; draft: IDraft }): JSX.Element | null {
  if (!draft.settings.length) {
    return null;
  }
  const put = (at: number, value: string) =>
    model.change(index, {
      settings: draft.settings.map((setting, i): ISetting => (i === at ? { ...setting, value } : setting))
    });
  return (
    <div className="jp-Mandrake-args">
      {draft.settings.map((setting, i) => (
        <React.Fragment key={`${setting.group}-${setting.name}`}>
          <label htmlFor={`${id}-${i}`} className="jp-Mandrake-mono" title={setting.name}>
            {setting.name}
          </label>
          <input
            id={`${id}-${i}`}
            className="jp-Mandrake-input"
            type="password"
            autoComplete="off"
            placeholder={trans.__('Empty')}
            value={setting.value}
            onChange={event => put(i, event.target.value)}
          />
        </React.Fragment>
      ))}
      <p className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-args-help">
        {trans.__('Written into .mandrake/mcp.json of this project.')}
      </p>
    </div>
  );
}
