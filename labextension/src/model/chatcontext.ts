/** What the package asks about a chat's people: there is only one. */
import { AbstractChatContext, IUser } from '@jupyter/chat';

export class ChatContext extends AbstractChatContext {
  get users(): IUser[] {
    return [];
  }
}
