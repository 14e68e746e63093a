/** A button that copies, and says for a moment that it did. */
import { Clipboard } from '@jupyterlab/apputils';
import React, { useEffect, useState } from 'react';

import { Icon } from '../icons';
import { useChat } from './context';

export function CopyButton(props: { text: () => string }): JSX.Element {
  const { trans } = useChat().mandrake;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (copied) {
      const timer = setTimeout(() => setCopied(false), 1500);
      return () => clearTimeout(timer);
    }
  }, [copied]);
  const label = copied ? trans.__('Copied') : trans.__('Copy');
  return (
    <button
      className="jp-Mandrake-icon"
      aria-label={label}
      title={label}
      onClick={() => {
        Clipboard.copyToSystem(props.text());
        setCopied(true);
      }}
    >
      <Icon name={copied ? 'done' : 'copy'} className={copied ? 'is-ok' : ''} />
    </button>
  );
}
