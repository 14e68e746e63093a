/** Buttons that change what was said. While an answer is at work they are there, and say why they wait. */
import React from 'react';

import { Icon, IconName } from '../icons';
import { useChat, useSignal } from './context';
import { notifyFailure } from './notify';

/** Why nothing of the chat can be changed now; null when it can. */
export function useHindrance(): string | null {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  useSignal(chat.changed);
  if (chat.elsewhere) {
    return trans.__('This chat is at work in another Jupyter');
  }
  return chat.answering ? trans.__('Wait for the answer, or stop it') : null;
}

export function RevisingButton(props: {
  icon: IconName;
  label: string;
  testid: string;
  /** A message that the server never had can always be changed. */
  free?: boolean;
  onPress(): Promise<void> | void;
}): JSX.Element {
  const { commands, mandrake } = useChat();
  const found = useHindrance();
  const hindrance = props.free ? null : found;
  const label = hindrance ? `${props.label} (${hindrance})` : props.label;
  return (
    <button
      className="jp-Mandrake-icon"
      aria-label={label}
      title={label}
      aria-disabled={hindrance !== null}
      data-testid={props.testid}
      onClick={() => {
        if (!hindrance) {
          void Promise.resolve(props.onPress()).catch(error => notifyFailure(mandrake.trans, commands, error));
        }
      }}
    >
      <Icon name={props.icon} />
    </button>
  );
}
