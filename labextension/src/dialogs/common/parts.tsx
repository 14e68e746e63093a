/** What all dialogs are built of: error card, marked sentence, a hook for models. */
import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { Icon, IconName } from '../../icons';
import { aroundMark } from './text';

/** Draw the component again whenever `signal` is emitted; at once, so that typing keeps its caret. */
export function useSignal(signal: ISignal<unknown, unknown>): void {
  const [, again] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    const slot = () => again();
    signal.connect(slot);
    again();
    return () => {
      signal.disconnect(slot);
    };
  }, [signal]);
}

/** False until `milliseconds` after it was first drawn: what is quick shows no progress. */
export function useAfter(milliseconds: number): boolean {
  const [late, setLate] = React.useState(false);
  React.useEffect(() => {
    const id = window.setTimeout(() => setLate(true), milliseconds);
    return () => window.clearTimeout(id);
  }, [milliseconds]);
  return late;
}

/** Seconds since `since` (`Date.now()`), drawn again as they pass. */
export function useSeconds(since: number): number {
  const [now, setNow] = React.useState(Date.now());
  React.useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, []);
  return Math.max(0, (now - since) / 1000);
}

/**
 * Where the focus goes when the control that had it is gone after a drawing: to the first `selector` in the same place,
 * not to the page. Give the answer as `ref`.
 */
export function useKeptFocus<T extends HTMLElement>(selector: string): React.RefObject<T> {
  const place = React.useRef<T>(null);
  const had = place.current?.contains(document.activeElement) ?? false;
  React.useLayoutEffect(() => {
    if (had && (document.activeElement === document.body || document.activeElement === null)) {
      place.current?.querySelector<HTMLElement>(selector)?.focus();
    }
  });
  return place;
}

/** A translated sentence with its MARKs replaced by `children`, in order. */
export function Marked(props: { text: string; children: React.ReactNode }): JSX.Element {
  const words = React.Children.toArray(props.children);
  return (
    <>
      {aroundMark(props.text).map((text, i) => (
        <React.Fragment key={i}>
          {i > 0 && words[i - 1]}
          {text}
        </React.Fragment>
      ))}
    </>
  );
}

interface IErrorCardProps {
  title: string;
  icon?: IconName;
  testId?: string;
  /** What is kept or to be done. */
  then?: React.ReactNode;
  /** What it was told by. */
  log?: React.ReactNode;
  /** The ways out. */
  children?: React.ReactNode;
}

export function ErrorCard({ title, icon, testId, then, log, children }: IErrorCardProps): JSX.Element {
  return (
    <div className="jp-Mandrake-error" role="alert" data-testid={testId}>
      <div className="jp-Mandrake-error-head">
        <Icon name={icon ?? 'failed'} className="is-error" />
        <p className="jp-Mandrake-strong">{title}</p>
      </div>
      <div className="jp-Mandrake-error-body">
        {then && <p>{then}</p>}
        {log}
        {children && <div className="jp-Mandrake-actions">{children}</div>}
      </div>
    </div>
  );
}

interface IButtonProps {
  onClick: () => void;
  children: React.ReactNode;
  /** For the while of a request: keeps its place and its focus, but does nothing. */
  busy?: boolean;
  disabled?: boolean;
  testId?: string;
  title?: string;
  /** Of a button that shows and hides something. */
  expanded?: boolean;
}

/** A button of the body: 24 px. */
export function SmallButton(props: IButtonProps & { look?: 'primary' | 'quiet' }): JSX.Element {
  const look = props.look ? ` jp-mod-${props.look}` : '';
  return <Plain {...props} className={`jp-Mandrake-btn${look}`} />;
}

/** A button of the footer, as Lab's dialogs have them: 32 px. */
export function FooterButton(props: IButtonProps & { look: 'accept' | 'reject' | 'plain' }): JSX.Element {
  const styled = `jp-Dialog-button jp-mod-styled jp-mod-${props.look}`;
  return <Plain {...props} className={props.look === 'plain' ? 'jp-Mandrake-btn jp-Mandrake-btn-tall' : styled} />;
}

function Plain(props: IButtonProps & { className: string }): JSX.Element {
  return (
    <button
      type="button"
      className={props.className}
      data-testid={props.testId}
      disabled={props.disabled}
      aria-disabled={props.busy || undefined}
      aria-expanded={props.expanded}
      title={props.title}
      onClick={props.busy ? undefined : props.onClick}
    >
      {props.children}
    </button>
  );
}

/** Waiting, said only when it takes long enough to be noticed. */
export function Spinner({ text }: { text: string }): JSX.Element | null {
  return useAfter(400) ? (
    <p className="jp-Mandrake-hstack jp-Mandrake-loading" role="status">
      <Icon name="spinner" />
      <span>{text}</span>
    </p>
  ) : (
    <p className="jp-Mandrake-loading" />
  );
}
