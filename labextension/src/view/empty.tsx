/** The empty page: what to do here, and examples that can be pressed. */
import React from 'react';

import { examples } from '../core/examples';
import { Icon } from '../icons';
import { modelOf } from './modelpicker';
import { useChat, useSignal } from './context';

export function EmptyPage(): JSX.Element {
  const environment = useChat();
  const { chat, mandrake, notebook, notebookChanged } = environment;
  const { project, trans } = mandrake;
  useSignal(project.changed);
  useSignal(notebookChanged);
  const servers = project.mcpServers.filter(server => server.trusted && server.phase !== 'failed');
  const list = examples(
    {
      tools: modelOf(environment)?.tools ?? false,
      notebook: notebook() !== null,
      servers: servers.map(server => server.name)
    },
    text => trans.__(text)
  );
  return (
    <div className="jp-Mandrake-empty">
      <div className="jp-Mandrake-empty-head">
        <Icon name="sprout" />
        <h2>{trans.__('Ask about this project')}</h2>
        <p className="jp-Mandrake-muted">
          {list.length
            ? trans.__('Type a message below, or start with an example.')
            : trans.__('Type a message below.')}
        </p>
      </div>
      {project.catalogue && list.length > 0 && (
        <ul className="jp-Mandrake-examples" aria-label={trans.__('Examples')}>
          {list.map(example => (
            <li key={example.id}>
              <button
                className="jp-Mandrake-example"
                data-testid="mandrake-example"
                data-example={example.id}
                title={example.message}
                onClick={() => {
                  chat.input.value = example.message;
                  chat.input.send(example.message);
                  chat.input.focus();
                }}
              >
                <Icon name={example.icon} />
                <span className="jp-Mandrake-grow">
                  <span className={`jp-Mandrake-example-title${example.code ? ' jp-Mandrake-mono' : ''}`}>
                    {example.title}
                  </span>
                  <span className="jp-Mandrake-small jp-Mandrake-muted">{example.note}</span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
