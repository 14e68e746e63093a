/** What stands below a permission card once it is to be denied: a reason that the model is told. */
import React, { useState } from 'react';

import { useChat } from './context';

interface IProps {
  disabled: boolean;
  onBack(): void;
  onDeny(reason: string | undefined): void;
}

export function Denying(props: IProps): JSX.Element {
  const { disabled, onBack, onDeny } = props;
  const { trans } = useChat().mandrake;
  const [reason, setReason] = useState('');
  const deny = () => onDeny(reason.trim() || undefined);
  const words = trans.__('Tell the model why (optional)');
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229) {
      return;
    }
    if (event.key === 'Escape') {
      // Further up it would stop the answer.
      event.preventDefault();
      event.stopPropagation();
      onBack();
    }
  };
  return (
    <div onKeyDown={onKeyDown}>
      <input
        className="jp-Mandrake-input"
        aria-label={words}
        placeholder={words}
        value={reason}
        autoFocus
        data-testid="mandrake-deny-reason"
        onChange={event => setReason(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing && event.nativeEvent.keyCode !== 229 && !disabled) {
            event.preventDefault();
            deny();
          }
        }}
      />
      <div className="jp-Mandrake-actions">
        <button className="jp-Mandrake-btn" disabled={disabled} onClick={onBack}>
          {trans.__('Back')}
        </button>
        <span className="jp-Mandrake-grow" />
        <button
          className="jp-Mandrake-btn jp-mod-primary"
          data-testid="mandrake-deny-confirm"
          disabled={disabled}
          onClick={deny}
        >
          {trans.__('Deny')}
        </button>
      </div>
    </div>
  );
}
