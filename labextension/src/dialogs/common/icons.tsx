/** The icons of the dialogs: 16 px, line 1.4, in the colour of the text around them. Decoration only: never the sole bearer of meaning. */
import * as React from 'react';

const ALERT = 'M8 4.8v3.9M8 11v.1';
const CIRCLE = 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z';

/** Paths drawn as lines, and those that are filled. */
const SHAPES = {
  key: { line: ['M8.1 10.7a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0z', 'm7.3 8.7 5.7-5.7M10.8 5.2l1.9 1.9'] },
  info: { line: [CIRCLE, 'M8 7.3v3.8M8 5v.1'] },
  check: { line: [CIRCLE, 'm5.3 8.3 1.9 1.9 3.6-4'] },
  alert: { line: [CIRCLE, ALERT] },
  external: { line: ['M9.5 3H13v3.5M13 3 8 8M11.5 9.5V13H3V4.5h3.5'] },
  warning: { line: ['M8 2.2 14.2 13H1.8z', 'M8 6.4v3M8 11.2v.1'] },
  shield: {
    line: ['M8 1.8 13 3.7v3.8c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7V3.7z', 'M8 5v3.4M8 10.6v.1']
  },
  dot: { fill: ['M12 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0z'] },
  hollow: { line: ['M11.8 8a3.8 3.8 0 1 1-7.6 0 3.8 3.8 0 0 1 7.6 0z'] },
  paused: { line: ['M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z', 'M6.4 6v4M9.6 6v4'] },
  unavailable: { line: ['M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0z', 'm4.5 4.5 7 7'] },
  restart: { line: ['M12.6 5.6A5.3 5.3 0 1 0 13.3 9M13 2.5v3.3H9.7'] },
  stop: { fill: ['M5 4h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z'] },
  play: { fill: ['M5 3.2v9.6L12.8 8z'] },
  log: { line: ['M3 4h10M3 8h10M3 12h6'] },
  plug: { line: ['M6 2v3M10 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14'] },
  globe: {
    line: [CIRCLE, 'M2 8h12M8 2c1.8 1.8 2.5 3.8 2.5 6s-.7 4.2-2.5 6c-1.8-1.8-2.5-3.8-2.5-6S6.2 3.8 8 2z']
  },
  container: { line: ['m8 1.8 5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8 8 7.8l5.5-3M8 7.8v6.4'] },
  close: { line: ['m4 4 8 8M12 4l-8 8'] }
} satisfies Record<string, { line?: string[]; fill?: string[] }>;

export type IconName = keyof typeof SHAPES | 'spinner' | 'ring';
export type Tone = 'ok' | 'warn' | 'error' | 'busy' | 'off';

interface IProps {
  name: IconName;
  tone?: Tone;
}

export function Icon({ name, tone }: IProps): JSX.Element {
  const classes = ['jp-Mandrake-svg'];
  if (tone) {
    classes.push(`is-${tone}`);
  }
  if (name === 'spinner') {
    classes.push('jp-Mandrake-spin');
  }
  return (
    <svg
      className={classes.join(' ')}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {content(name)}
    </svg>
  );
}

function content(name: IconName): React.ReactNode {
  if (name === 'spinner') {
    return (
      <>
        <circle cx="8" cy="8" r="5.5" opacity=".25" />
        <path d="M8 2.5A5.5 5.5 0 0 1 13.5 8" />
      </>
    );
  }
  if (name === 'ring') {
    return (
      <>
        <circle cx="8" cy="8" r="5" opacity=".3" />
        <path d="M8 3a5 5 0 1 1-4.3 7.5" />
      </>
    );
  }
  const shape: { line?: string[]; fill?: string[] } = SHAPES[name];
  return (
    <>
      {shape.line?.map(d => <path key={d} d={d} />)}
      {shape.fill?.map(d => <path key={d} d={d} fill="currentColor" stroke="none" />)}
    </>
  );
}
