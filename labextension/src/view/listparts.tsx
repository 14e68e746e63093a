/** What a list shows while it has nothing yet, and when it could not be had. */
import React from 'react';

import { Icon } from '../icons';

export function Skeleton(props: { label: string }): JSX.Element {
  return (
    <div className="jp-Mandrake-skeleton" role="status" aria-label={props.label} data-testid="mandrake-skeleton">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}

export function Trouble(props: { words: string; then: string; action: string; onAction(): void }): JSX.Element {
  return (
    <div className="jp-Mandrake-trouble" role="alert" data-testid="mandrake-list-trouble">
      <p className="jp-Mandrake-strong">
        <Icon name="failed" className="is-error" /> {props.words}
      </p>
      <p>{props.then}</p>
      <button className="jp-Mandrake-btn" onClick={props.onAction}>
        {props.action}
      </button>
    </div>
  );
}
