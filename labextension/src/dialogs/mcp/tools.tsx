/** The tools of an MCP server; each can be called by hand, with a form made of its schema. */
import * as React from 'react';

import { duration } from '../../core/format';
import { own } from '../../core/form';
import { ITrans } from '../../core/trans';
import { IGrant, IToolResult, IToolSpec } from '../../core/wire';
import { Icon } from '../../icons';
import { PlainField } from '../../view/argfield';
import { ErrorCard, SmallButton, Spinner, useKeptFocus, useSeconds } from '../common/parts';
import { ICall, ToolsModel } from './toolsmodel';

interface IProps {
  name: string;
  model: ToolsModel;
  trans: ITrans;
}

export function Tools({ name, model, trans }: IProps): JSX.Element {
  const { list } = model;
  if (!list) {
    return <Spinner text={trans.__('Asking for its tools…')} />;
  }
  return (
    <ul className="jp-Mandrake-tools" aria-label={trans.__('Tools of %1', name)} data-testid="mandrake-mcp-tools">
      {list.length === 0 && <li>{trans.__('It has no tools.')}</li>}
      {list.map(tool => (
        <Tool key={tool.name} tool={tool} model={model} trans={trans} />
      ))}
    </ul>
  );
}

function Tool({ tool, model, trans }: Omit<IProps, 'name'> & { tool: IToolSpec }): JSX.Element {
  const place = useKeptFocus<HTMLLIElement>('button');
  const call = model.call?.tool === tool.name ? model.call : null;
  const label = call ? trans.__('Close') : trans.__('Call');
  return (
    <li ref={place} data-testid="mandrake-mcp-tool" data-name={tool.name}>
      <div className="jp-Mandrake-hstack">
        <span className="jp-Mandrake-mono jp-Mandrake-ellipsis" title={tool.title || tool.name}>
          {tool.name}
        </span>
        {tool.read_only && (
          <span className="jp-Mandrake-badge jp-Mandrake-hide-narrow">{trans.__('Reads only')}</span>
        )}
        <span className="jp-Mandrake-grow" />
        <button
          type="button"
          className="jp-Mandrake-btn jp-mod-quiet"
          aria-label={trans.__('%1 %2', label, tool.name)}
          aria-expanded={call !== null}
          onClick={() => model.choose(tool)}
        >
          {label}
        </button>
      </div>
      {tool.description && <p className="jp-Mandrake-small">{tool.description.trim().split('\n')[0]}</p>}
      {model.grants
        .filter(grant => grant.tool === tool.name)
        .map(grant => (
          <Grant key={grant.id} grant={grant} model={model} trans={trans} />
        ))}
      {call && <CallForm call={call} model={model} trans={trans} />}
    </li>
  );
}

function Grant({ grant, model, trans }: { grant: IGrant; model: ToolsModel; trans: ITrans }): JSX.Element {
  const where = grant.session_id === null ? trans.__('Allowed in this project') : trans.__('Allowed in a chat');
  return (
    <p
      className="jp-Mandrake-hstack jp-Mandrake-small jp-Mandrake-tight"
      data-testid="mandrake-mcp-grant"
      data-tool={grant.tool}
    >
      <Icon name="shield" />
      <span>{grant.current ? where : trans.__('%1 before it changed: it is asked about again', where)}</span>
      <button
        type="button"
        className="jp-Mandrake-btn jp-mod-quiet"
        aria-label={trans.__('Revoke: %1, %2', grant.tool, where)}
        data-testid="mandrake-mcp-revoke"
        onClick={() => void model.revoke(grant)}
      >
        {trans.__('Revoke')}
      </button>
    </p>
  );
}

function CallForm({ call, model, trans }: { call: ICall; model: ToolsModel; trans: ITrans }): JSX.Element {
  const { args, problems, missing } = model.filled;
  const busy = call.since !== null;
  const first = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    first.current?.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
  }, [call.tool]);
  return (
    <form
      ref={first}
      className="jp-Mandrake-call-form"
      aria-label={trans.__('Call %1', call.tool)}
      data-testid="mandrake-mcp-call"
      onSubmit={event => {
        event.preventDefault();
        void model.run();
      }}
    >
      {call.raw === null ? (
        call.fields.length > 0 && (
          <div className="jp-Mandrake-args">
            {call.fields.map(field => (
              <PlainField
                key={field.name}
                trans={trans}
                field={field}
                text={own(call.texts, field.name) ?? ''}
                edited={false}
                problem={own(problems, field.name) ?? null}
                disabled={busy}
                onChange={text => model.type(field.name, text)}
                onUndo={() => undefined}
              />
            ))}
          </div>
        )
      ) : (
        <textarea
          className="jp-Mandrake-input jp-Mandrake-mono"
          rows={5}
          wrap="off"
          spellCheck={false}
          disabled={busy}
          aria-label={trans.__('Arguments as JSON')}
          aria-invalid={args === null}
          value={call.raw}
          onChange={event => model.typeRaw(event.target.value)}
        />
      )}
      <p className="jp-Mandrake-small jp-Mandrake-muted" aria-live="polite">
        {missing.length > 0
          ? trans.__('Still needed: %1', missing.join(', '))
          : call.raw !== null && args === null
            ? trans.__('This must be a JSON object.')
            : ''}
      </p>
      <div className="jp-Mandrake-actions">
        <SmallButton look="quiet" onClick={() => model.toggleRaw()} disabled={busy}>
          {call.raw === null ? trans.__('Write JSON') : trans.__('Use the form')}
        </SmallButton>
        <span className="jp-Mandrake-grow" />
        {busy ? (
          <>
            <Waiting since={call.since ?? 0} trans={trans} />
            <SmallButton testId="mandrake-mcp-call-stop" onClick={() => model.stop()}>
              {trans.__('Stop')}
            </SmallButton>
          </>
        ) : (
          <button
            type="submit"
            className="jp-Mandrake-btn jp-mod-primary"
            data-testid="mandrake-mcp-call-run"
            disabled={args === null}
          >
            {call.result || call.failure || call.stopped ? trans.__('Call again') : trans.__('Call')}
          </button>
        )}
      </div>
      <Outcome call={call} trans={trans} />
    </form>
  );
}

function Waiting({ since, trans }: { since: number; trans: ITrans }): JSX.Element {
  const seconds = useSeconds(since);
  return (
    <span className="jp-Mandrake-hstack jp-Mandrake-small jp-Mandrake-num jp-Mandrake-tight" role="status">
      {seconds >= 0.4 && <Icon name="spinner" />}
      {seconds >= 3 ? trans.__('Calling… %1 s', Math.floor(seconds)) : seconds >= 0.4 ? trans.__('Calling…') : ''}
    </span>
  );
}

function Outcome({ call, trans }: { call: ICall; trans: ITrans }): JSX.Element {
  return (
    <>
      {call.failure && <ErrorCard title={call.failure.message} then={call.failure.then} />}
      <div role="status">
        {call.stopped && (
          <p className="jp-Mandrake-problem">
            <Icon name="unknown" className="is-off" />
            <span>{trans.__('Stopped by you. It is not known whether it finished.')}</span>
          </p>
        )}
        {call.result && <Result tool={call.tool} result={call.result} trans={trans} />}
      </div>
    </>
  );
}

function Result({ tool, result, trans }: { tool: string; result: IToolResult; trans: ITrans }): JSX.Element {
  const time = duration(trans, result.duration_ms);
  const text = result.content || (result.structured === null ? '' : JSON.stringify(result.structured, null, 2));
  return (
    <>
      <p className="jp-Mandrake-problem jp-Mandrake-num" data-testid="mandrake-mcp-call-outcome" data-ok={result.ok}>
        <Icon name={result.ok ? 'done' : 'failed'} className={result.ok ? 'is-ok' : 'is-error'} />
        <span>
          {result.ok ? trans.__('Done in %1', time) : trans.__('The tool says that it failed, after %1', time)}
          {result.truncated && ` · ${trans.__('cut off, it was too long')}`}
        </span>
      </p>
      <pre
        className="jp-Mandrake-log jp-Mandrake-result-text"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Result of %1', tool)}
        data-testid="mandrake-mcp-call-result"
      >
        {text || trans.__('It gave no text.')}
      </pre>
    </>
  );
}
