/** A field for a text. */
import React, { useLayoutEffect, useRef, useState } from 'react';

import { useGrow } from './grow';

interface ITextProps extends Pick<React.AriaAttributes, 'aria-invalid' | 'aria-describedby'> {
  id: string;
  className: string;
  disabled: boolean;
  text: string;
  /** Of the input, while one line is enough. */
  type?: string;
  /** A line may be enough. */
  short: boolean;
  onChange(text: string): void;
}

/** One line, until the text needs more; who types on keeps the focus. Long lines are broken: what is allowed is seen whole. */
export function TextControl({ text, short, type, onChange, ...common }: ITextProps): JSX.Element {
  const area = useRef<HTMLTextAreaElement>(null);
  const fits = short && !text.includes('\n') && text.length < 60;
  const [line, setLine] = useState(fits);
  const grown = useRef(false);
  useGrow(area, text);
  useLayoutEffect(() => {
    if (grown.current) {
      grown.current = false;
      area.current?.focus();
      area.current?.setSelectionRange(text.length, text.length);
    }
  });
  const write = (written: string) => {
    if (line && (written.length >= 60 || written.includes('\n'))) {
      grown.current = true;
      setLine(false);
    }
    onChange(written);
  };
  return line ? (
    <input {...common} type={type} value={text} onChange={event => write(event.target.value)} />
  ) : (
    <textarea
      {...common}
      ref={area}
      className={`${common.className} jp-mod-grows`}
      rows={short ? 1 : 2}
      spellCheck={false}
      value={text}
      onChange={event => write(event.target.value)}
    />
  );
}
