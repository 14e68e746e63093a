/**
 * Our icons: 16 px, one line weight, the colour of the text around them. Decorative: the words stand beside them
 * or in an aria-label.
 */
import { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

const dot = (y: number) => `<circle class="f" cx="8" cy="${y}" r="1.2"/>`;
const sprout =
  '<path d="M8 7C8 4 6 2.2 3 2c0 3 2 5 5 5zM8 7c0-3 2-4.8 5-5 0 3-2 5-5 5zM8 7v2.5M8 9.5C7.3 11.5 6.3 12.7 4.8 14M8 9.5c.7 2 1.7 3.2 3.2 4.5M8 9.5V12"/>';
const shield = '<path d="M8 1.8 13 3.7v3.8c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7V3.7z"/>';
const ring = '<circle cx="8" cy="8" r="6"/>';

const SHAPES = {
  sprout,
  shield,
  plus: '<path d="M8 3v10M3 8h10"/>',
  bubble: '<path d="M2.5 3h11v8H7.5l-3 2.6V11h-2z"/>',
  plug: '<path d="M6 2v3M10 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14"/>',
  more: dot(3.5) + dot(8) + dot(12.5),
  pencil: '<path d="m3 13 .7-3 6.8-6.8 2.3 2.3L6 12.3z"/>',
  open: '<path d="M9.5 3H13v3.5M13 3 8 8M11.5 9.5V13H3V4.5h3.5"/>',
  close: '<path d="m4 4 8 8M12 4l-8 8"/>',
  info: `${ring}<path d="M8 7.3v3.8M8 5v.1"/>`,
  folder: '<path d="M2 4h4l1.5 1.7H14V13H2z"/>',
  notebook: '<rect x="3" y="2" width="10" height="12" rx="1"/><path d="M5.8 2v12M8 5h3M8 7.5h3"/>',
  clock: `${ring}<path d="M8 4.6V8l2.3 1.5"/>`,
  wrench:
    '<path d="M13.2 4.6a3.5 3.5 0 0 1-4.7 4L4.7 12.5a1.3 1.3 0 0 1-1.9-1.9l3.9-3.8a3.5 3.5 0 0 1 4-4.7L8.7 4.2l.5 2 2 .5z"/>',
  down: '<path d="M3.5 6 8 10.5 12.5 6"/>',
  right: '<path d="m6 3.5 4.5 4.5L6 12.5"/>',
  clip: '<path d="M13 7.6 8.2 12.4a3.1 3.1 0 0 1-4.4-4.4l5-5a2.1 2.1 0 0 1 3 3l-4.9 4.9a1 1 0 0 1-1.5-1.5l4.3-4.3"/>',
  send: '<path d="M8 13V3M3.5 7.5 8 3l4.5 4.5"/>',
  stop: '<rect class="f" x="4" y="4" width="8" height="8" rx="1"/>',
  done: `${ring}<path d="m5.3 8.3 1.9 1.9 3.6-4"/>`,
  failed: `${ring}<path d="M8 4.8v3.9M8 11v.1"/>`,
  unknown: `${ring}<path d="M6.3 6.4a1.8 1.8 0 1 1 2.6 1.7c-.6.3-.9.6-.9 1.2M8 11.3v.1"/>`,
  crossed: `${ring}<path d="m5.8 5.8 4.4 4.4M10.2 5.8l-4.4 4.4"/>`,
  spinner: '<circle cx="8" cy="8" r="5.5" opacity=".25"/><path d="M8 2.5A5.5 5.5 0 0 1 13.5 8"/>',
  copy: '<rect x="5.8" y="5.8" width="7.7" height="7.7" rx="1"/><path d="M10.2 3.6v-.1a1 1 0 0 0-1-1H3.5a1 1 0 0 0-1 1v5.7a1 1 0 0 0 1 1h.1"/>',
  offline:
    '<path d="M2 6.2a8.5 8.5 0 0 1 12 0M4.3 8.7a5.2 5.2 0 0 1 7.4 0M8 12v.1M2.5 13.5l11-11"/>',
  key: '<circle cx="5.3" cy="10.7" r="2.8"/><path d="m7.3 8.7 5.7-5.7M10.8 5.2l1.9 1.9"/>',
  globe: `${ring}<path d="M2 8h12M8 2c1.8 1.8 2.5 3.8 2.5 6s-.7 4.2-2.5 6c-1.8-1.8-2.5-3.8-2.5-6S6.2 3.8 8 2z"/>`,
  box: '<path d="m8 1.8 5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.5 4.8 8 7.8l5.5-3M8 7.8v6.4"/>',
  image: '<rect x="2.5" y="3" width="11" height="10" rx="1"/><path d="m3 12 3.4-3.6 2.2 2.2 1.9-1.9 2.7 2.7"/><circle class="f" cx="10.4" cy="6" r="1"/>',
  store: '<ellipse cx="8" cy="4" rx="5" ry="2"/><path d="M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2"/>',
  trash: '<path d="M3.5 4.5h9M6.5 4.5V3h3v1.5M4.6 4.5l.5 8.7h5.8l.5-8.7"/>',
  alert: `${shield}<path d="M8 5v3.4M8 10.6v.1"/>`,
  restart: '<path d="M12.6 5.6A5.3 5.3 0 1 0 13.3 9M13 2.5v3.3H9.7"/>',
  log: '<path d="M3 4h10M3 8h10M3 12h6"/>',
  full: '<circle class="f" cx="8" cy="8" r="4"/>',
  ring: '<circle cx="8" cy="8" r="5.5" opacity=".25"/><path d="M8 2.5A5.5 5.5 0 1 1 2.5 8"/>',
  hollow: '<circle cx="8" cy="8" r="3.8"/>',
  pause: '<circle cx="8" cy="8" r="5.5"/><path d="M6.4 6v4M9.6 6v4"/>',
  play: '<path class="f" d="M5 3.2v9.6L12.8 8z"/>',
  triangle: '<path d="M8 2.2 14.2 13H1.8z"/><path d="M8 6.4v3M8 11.2v.1"/>'
} as const;

export type IconName = keyof typeof SHAPES;

/** One of our icons. `className` carries the status colour (`is-ok`, `is-error` …). */
export function Icon(props: { name: IconName; className?: string }): JSX.Element {
  const spin = props.name === 'spinner' ? 'jp-Mandrake-spin is-busy' : '';
  return (
    <svg
      className={`jp-Mandrake-svg ${spin} ${props.className ?? ''}`}
      viewBox="0 0 16 16"
      aria-hidden="true"
      dangerouslySetInnerHTML={{ __html: SHAPES[props.name] }}
    />
  );
}

function labIcon(name: string, shape: string, className = ''): LabIcon {
  const style = 'fill="none" stroke="#616161" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"';
  return new LabIcon({
    name: `mandrake:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-Mandrake-stroke ${className}" ${style}>${shape}</g></svg>`
  });
}

/** The mark of Mandrake, for tabs and lists of Lab's own. */
export const mandrakeIcon = labIcon('mandrake', SHAPES.sprout);
export const attachCellIcon = labIcon('attach-cell', SHAPES.clip);

/** The states of what runs, for Lab's list of it. */
export const runningIcons = {
  spinner: labIcon('spinner', SHAPES.spinner, 'jp-Mandrake-spin'),
  shield: labIcon('shield', SHAPES.shield),
  bubble: labIcon('bubble', SHAPES.bubble),
  pause: labIcon('pause', SHAPES.pause),
  plug: labIcon('plug', SHAPES.plug),
  globe: labIcon('globe', SHAPES.globe),
  box: labIcon('box', SHAPES.box)
};
