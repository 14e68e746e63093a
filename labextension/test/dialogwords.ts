/** What the dialogs' tests share: Lab's translations without Lab, and an error body. */
import { IErrorBody } from '../src/core/wire';

/** As Lab's gettext fills in: %1 is the first argument, in plurals the number. */
export const trans = {
  __: (text: string, ...args: unknown[]) => text.replace(/%(\d)/g, (_, n) => String(args[n - 1])),
  _n: (one: string, many: string, n: number, ...args: unknown[]) => trans.__(n === 1 ? one : many, n, ...args)
};

export const error = (code: string, message = 'It failed.', then = ''): IErrorBody => ({
  message,
  then,
  code,
  reason: null,
  actions: [],
  retryable: false,
  retry_after: null
});
