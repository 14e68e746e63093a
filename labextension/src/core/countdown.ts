/** What is left of a wait, for the eye: by minute above one, by ten seconds above ten, then by second. */
import { ITrans } from './trans';

/** Whole seconds as they are shown; never less than is left. */
export function shownSeconds(milliseconds: number): number {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return seconds > 10 ? Math.ceil(seconds / 10) * 10 : seconds;
}

/** `2 min`, `40 s`, `7 s`: number and unit stay in one line. */
export function timeLeft(trans: ITrans, milliseconds: number): string {
  const seconds = shownSeconds(milliseconds);
  const words = seconds > 60 ? trans.__('%1 min', Math.ceil(seconds / 60)) : trans.__('%1 s', seconds);
  return words.replace(' ', '\u00a0');
}
