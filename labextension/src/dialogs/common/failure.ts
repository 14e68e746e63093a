/** Anything thrown by the REST client as the wire's error body, so that views know one shape. */
import { isConnectionLoss, WireError } from '../../api';
import { ITrans } from '../../core/trans';
import { IErrorBody } from '../../core/wire';
import { IMandrake } from '../../tokens';
import type { IPorts } from './ports';

/** What a model needs, from the real server. */
export function portsOf<T>(mandrake: IMandrake, api: T): IPorts<T> {
  return {
    api,
    trans: mandrake.trans,
    workspace: mandrake.project.workspace,
    explain: error => ({
      status: error instanceof WireError ? error.status : null,
      body: failureOf(mandrake.trans, error)
    })
  };
}

export function failureOf(trans: ITrans, error: unknown): IErrorBody {
  if (error instanceof WireError) {
    return error.body;
  }
  const lost = isConnectionLoss(error);
  return {
    message: lost ? trans.__("Your Jupyter server can't be reached.") : trans.__('Something went wrong in this page.'),
    reason: error instanceof Error ? error.message : String(error),
    code: lost ? 'connection_lost' : 'page_error',
    then: lost ? trans.__('Nothing was changed. Check the network, then try again.') : '',
    actions: ['try_again'],
    retryable: true,
    retry_after: null
  };
}
