/**
 * An error as a card: what happened, what is kept, what to do. Never the model's words, never a stack trace first.
 */
import React, { useEffect, useRef } from 'react';

import { actionsOf, IAction } from '../core/actions';
import { IEntry, serverOf } from '../core/entries';
import { splitLog } from '../core/format';
import { IErrorBody } from '../core/wire';
import { Icon, IconName } from '../icons';
import { modelOf, openModelPicker } from './modelpicker';
import { useChat, useSignal } from './context';
import { notifyFailure } from './notify';

interface IProps {
  error: IErrorBody;
  /** When it happened, for "Details". */
  time: string | null;
  /** The answer or question it belongs to; null for one that no message caused. */
  entry: IEntry | null;
  /** Whether the ways out are still ahead: false once the chat went on. */
  live: boolean;
  /** What "Try again" does, when it is neither the message nor the chat. */
  onRetry?: () => void;
}

const ASK_AGAIN: IAction = { id: 'try_again', label: 'Try again', effect: { do: 'resend' } };

export function ErrorCard(props: IProps): JSX.Element {
  const { error, live } = props;
  const { project, trans } = useChat().mandrake;
  useSignal(project.changed);
  const act = useAction(props.entry, props.onRetry);
  const [then, log] = splitLog(error.then);
  const demo = project.catalogue?.demo.state;
  const card = useRef<HTMLDivElement>(null);
  const fetches = useRef(false);
  useEffect(() => {
    // Who had the model fetched from here waits for an answer, not for another button.
    if (demo === 'ready' && fetches.current && live && card.current) {
      act(ASK_AGAIN, card.current);
    }
    fetches.current &&= demo === 'missing' || demo === 'fetching';
  });
  // What no message caused, and what was never sent, can always be asked for again.
  const repeatable = props.entry === null || props.entry.failure !== null;
  const ids = repeatable && error.actions.length === 0 ? ['try_again'] : error.actions;
  const other = useOther(props.entry, ids);
  const known = actionsOf({ ...error, actions: ids }, props.entry !== null && demo === 'ready');
  const actions = live ? [...(other ? [other] : []), ...known].slice(0, 3) : [];
  return (
    <div ref={card} className="jp-Mandrake-error" role="alert" data-testid="mandrake-error" data-code={error.code}>
      <div className="jp-Mandrake-error-head">
        <Icon name={iconOf(error.code)} className="is-error" />
        <div className="jp-Mandrake-grow jp-Mandrake-strong">{error.message}</div>
      </div>
      <div className="jp-Mandrake-error-body">
        {then && <div>{then}</div>}
        {log && <pre className="jp-Mandrake-log">{log}</pre>}
        {actions.length > 0 && (
          <div className="jp-Mandrake-actions">
            {actions.map((action, i) => (
              <button
                key={action.id}
                className={`jp-Mandrake-btn${i === 0 ? ' jp-mod-primary' : ''}`}
                data-action={action.id}
                disabled={action.effect.do === 'fetch_demo' && demo === 'fetching'}
                onClick={event => {
                  fetches.current = action.effect.do === 'fetch_demo' && props.entry !== null;
                  act(action, event.currentTarget);
                }}
              >
                {trans.__(action.label)}
              </button>
            ))}
          </div>
        )}
        <details className="jp-Mandrake-more jp-Mandrake-small">
          <summary>{trans.__('Details')}</summary>
          <div>
            <code>{error.code}</code>
            {props.time ? ` · ${new Date(props.time).toLocaleString()}` : ''}
            {error.reason ? ` · ${error.reason}` : ''}
          </div>
        </details>
      </div>
    </div>
  );
}

/** Once another model was chosen, to ask it is the way out that comes first. */
function useOther(entry: IEntry | null, ids: readonly string[]): IAction | null {
  const environment = useChat();
  const { chat, mandrake } = environment;
  useSignal(chat.sessionChanged);
  const model = modelOf(environment);
  const asked = entry?.message.model;
  return model && asked && asked !== model.id && ids.includes('choose_model')
    ? { id: 'try_other', label: mandrake.trans.__('Ask %1', model.name), effect: { do: 'resend' } }
    : null;
}

function useAction(entry: IEntry | null, onRetry?: () => void): (action: IAction, anchor: HTMLElement) => void {
  const { chat, commands, mandrake } = useChat();
  const { api, project, trans } = mandrake;
  const again = (entry: IEntry) => chat.sending.again(entry).catch(error => notifyFailure(trans, commands, error));
  return ({ effect }, anchor) => {
    switch (effect.do) {
      case 'resend':
        void (onRetry ? onRetry() : entry ? again(entry) : chat.load());
        break;
      case 'without_images':
        if (entry) {
          chat.sending.withoutImages(entry).catch(error => notifyFailure(trans, commands, error));
        }
        break;
      case 'continue':
        void chat.send(trans.__('Continue'));
        break;
      case 'choose_model':
        openModelPicker(anchor.closest('.jp-Mandrake'));
        break;
      case 'fetch_demo':
        api
          .fetchDemo(project.workspace)
          .catch(error => notifyFailure(trans, commands, error))
          .then(() => project.refresh());
        break;
      case 'command':
        if (commands.hasCommand(effect.id)) {
          void commands.execute(effect.id, { ...effect.args, ...about(entry, entry && serverOf(chat.entries, entry)) });
        }
    }
  };
}

/** Which provider a key is for: that of the model which was asked. Which MCP server: the one that was called last. */
function about(entry: IEntry | null, server: string | null): { provider?: string; name?: string } {
  const provider = entry?.message.model?.split('/')[0];
  return { ...(provider ? { provider } : {}), ...(server ? { name: server } : {}) };
}

function iconOf(code: string): IconName {
  if (code.startsWith('model_key')) {
    return 'key';
  }
  if (code === 'model_unreachable' || code === 'connection_lost') {
    return 'globe';
  }
  if (code.startsWith('store_')) {
    return 'store';
  }
  if (code === 'model_takes_no_images') {
    return 'image';
  }
  return code.startsWith('docker_') ? 'box' : code === 'mcp_not_trusted' ? 'alert' : 'failed';
}
