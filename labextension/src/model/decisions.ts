/**
 * What this page knows of decisions on tool calls, and of answers to what MCP servers ask in them: which are on their way,
 * which were made here. Hands them in.
 */
import { MandrakeApi, WireError } from '../api';
import { ITrans } from '../core/trans';
import { Action, Decision, IErrorBody, IMessage, IQuestion, IToolPart, JsonObject, RunEvent } from '../core/wire';
import { errorBodyOf } from './words';

export type QuestionEnd = Extract<RunEvent, { type: 'questionAnswered' }>;

export interface IDecision {
  call: IToolPart;
  decision: Decision;
  arguments?: JsonObject;
  reason?: string;
}

export class Decisions {
  constructor(
    private readonly _trans: ITrans,
    private readonly _api: MandrakeApi,
    private readonly _workspace: string,
    private readonly _changed: () => void
  ) {}

  /** Calls whose decision, and questions whose answer, is on its way. */
  get deciding(): ReadonlySet<string> {
    return this._deciding;
  }

  /** A call may have begun to wait while this page looked, or a question of one may be over. */
  heard(event: RunEvent): void {
    if (event.type === 'toolCall' && event.needs_approval) {
      this._saw.add(event.call_id);
    } else if (event.type === 'questionAnswered') {
      this._over.set(event.call_id, event);
    }
  }

  /** How the last question of a call ended, as far as this page heard. */
  endOf(callId: string): QuestionEnd | null {
    return this._over.get(callId) ?? null;
  }

  /** Whether a question was answered on this page. */
  answeredHere(questionId: string): boolean {
    return this._here.has(questionId);
  }

  /** Answer a question. Null when it is through; over already is none. What is answered is kept nowhere. */
  async answer(message: IMessage, question: IQuestion, action: Action, content?: JsonObject): Promise<IErrorBody | null> {
    const id = question.question_id;
    this._deciding.add(id);
    this._here.add(id);
    this._changed();
    try {
      await this._api.answer(this._workspace, message.session_id, message.run_id, id, { action, content });
      return null;
    } catch (error) {
      this._here.delete(id);
      const over = error instanceof WireError && error.body.code === 'already_answered';
      return over ? null : errorBodyOf(this._trans, error);
    } finally {
      this._deciding.delete(id);
      this._changed();
    }
  }

  /** Calls that waited on this page, but were not decided on it. */
  wasElsewhere(callId: string): boolean {
    return this._saw.has(callId) && !this._here.has(callId);
  }

  /** Hand in decisions on calls of `message`, one request a call. Answers the errors; decided elsewhere is none. */
  async handIn(message: IMessage, decisions: IDecision[]): Promise<IErrorBody[]> {
    const ids = decisions.map(({ call }) => call.call_id);
    ids.forEach(id => this._deciding.add(id));
    this._changed();
    const results = await Promise.allSettled(decisions.map(decision => this._one(message, decision)));
    ids.forEach(id => this._deciding.delete(id));
    this._changed();
    return results
      .flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
      .filter(error => !(error instanceof WireError && error.body.code === 'already_decided'))
      .map(error => errorBodyOf(this._trans, error));
  }

  private async _one(message: IMessage, { call, ...body }: IDecision): Promise<void> {
    // Before the request: its event may be here before its answer.
    this._here.add(call.call_id);
    try {
      await this._api.decide(this._workspace, message.session_id, message.run_id, call.call_id, body);
    } catch (error) {
      this._here.delete(call.call_id);
      throw error;
    }
  }

  private readonly _deciding = new Set<string>();
  private readonly _here = new Set<string>();
  private readonly _over = new Map<string, QuestionEnd>();
  private readonly _saw = new Set<string>();
}
