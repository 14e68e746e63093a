/** Sentences that several views say: errors of requests, and what the live region announces. */
import { isConnectionLoss, WireError } from '../api';
import { ITrans } from '../core/trans';
import { IErrorBody, IMessage, RunEvent } from '../core/wire';

/** Any error as an error body, for a card. */
export function errorBodyOf(trans: ITrans, error: unknown): IErrorBody {
  if (error instanceof WireError) {
    return error.body;
  }
  const lost = isConnectionLoss(error);
  return {
    message: lost ? trans.__('Jupyter can’t be reached.') : trans.__('Something went wrong in the panel.'),
    reason: error instanceof Error ? error.message : String(error),
    code: lost ? 'connection_lost' : 'panel_error',
    then: lost ? trans.__('Your message is kept. Check that Jupyter is running, then try again.') : '',
    actions: ['try_again'],
    retryable: true,
    retry_after: null
  };
}

/** Why nothing can be sent to a chat that another Jupyter server is at work on. */
export function elsewhereWords(trans: ITrans): string {
  return trans.__('This chat is at work in another Jupyter. You can read it here.');
}

/** What a person who can't see the panel must hear of `event`; null for most. Tokens are never announced. */
export function announcement(event: RunEvent, message: IMessage, trans: ITrans): string | null {
  switch (event.type) {
    case 'start':
      return trans.__('Answering');
    case 'toolCall': {
      if (!event.needs_approval) {
        return trans.__('Using %1', event.title || event.tool);
      }
      const count = message.parts.filter(part => part.type === 'tool' && part.status === 'waiting').length;
      return trans._n(
        'Permission needed for %1 tool. Press Alt+Shift+P to go there.',
        'Permission needed for %1 tools. Press Alt+Shift+P to go there.',
        count
      );
    }
    case 'question':
      return trans.__('%1 asks: %2 Press Alt+Shift+P to go there.', event.server, event.message);
    case 'questionAnswered':
      return event.by === 'timeout' ? trans.__('Nobody answered the question in time.') : null;
    case 'retry':
      return event.attempt === 1 && event.seconds > 0
        ? trans.__('%1 Your message is kept and is sent again by itself.', event.content)
        : null;
    case 'complete':
      return trans.__('Answer complete');
    case 'cancelled':
      return trans.__('Stopped');
    default:
      return null;
  }
}
