/** A tool whose outcome is not known, below an answer that ended with it: a person decides how to go on. */
import React from 'react';

import { formatTool } from '../core/slash';
import { IToolPart, Part } from '../core/wire';
import { Icon } from '../icons';
import { askRunAgain } from './asksofmessages';
import { useChat } from './context';

export function isUnknown(part: Part): part is IToolPart {
  return part.type === 'tool' && part.status === 'unknown';
}

export function UnknownOutcome(props: { call: IToolPart }): JSX.Element {
  const { call } = props;
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const name = call.title || call.tool;
  const again = async () => {
    if (await askRunAgain(trans, name, call)) {
      await chat.send(formatTool({ server: call.server, tool: call.tool, arguments: call.arguments }));
    }
  };
  return (
    <div className="jp-Mandrake-error jp-mod-wait" role="alert" data-testid="mandrake-unknown">
      <div className="jp-Mandrake-error-head">
        <Icon name="unknown" className="is-warn" />
        <div className="jp-Mandrake-grow jp-Mandrake-strong">
          {trans.__('It is not known whether %1 finished. It was not run again.', name)}
        </div>
      </div>
      <div className="jp-Mandrake-error-body">
        <div>{trans.__('Look at what it should have done, then decide.')}</div>
        <div className="jp-Mandrake-actions">
          <button className="jp-Mandrake-btn" data-action="run_again" onClick={() => void again()}>
            {trans.__('Run again…')}
          </button>
          <button
            className="jp-Mandrake-btn jp-mod-primary"
            data-action="go_on"
            onClick={() => void chat.send(trans.__('Go on without %1.', name))}
          >
            {trans.__('Go on without')}
          </button>
        </div>
      </div>
    </div>
  );
}
