/**
 * Events of a run → the assistant's message. Pure: an event in, a new message out; parts that an event does not
 * touch keep their identity, so that a view can tell what to draw again.
 */
import { IErrorBody, IMessage, IQuestion, IRetry, IToolPart, Part, RunEvent } from './wire';

/** Whether `event` ends its run. */
export function isTerminal(event: RunEvent): boolean {
  return event.type === 'complete' || event.type === 'error' || event.type === 'cancelled';
}

/** A message that has nothing yet: what a run shows before its first event. */
export function blankAnswer(sessionId: string, runId: string, id: string, created: string): IMessage {
  return {
    id,
    session_id: sessionId,
    run_id: runId,
    role: 'assistant',
    created,
    status: 'running',
    model: null,
    parts: [],
    attachments: [],
    usage: null,
    finish_reason: null,
    error: null,
    seq: 0,
    replaced_by: null
  };
}

/**
 * `message` after `event`. An event at or below the message's `seq` was already counted in and changes nothing; but
 * an end is an end, whatever its number: a server that can't read the run has none to give.
 */
export function reduce(message: IMessage, event: RunEvent): IMessage {
  const seen = message.seq ?? 0;
  const number = event.seq ?? seen;
  const ends = isTerminal(event) && ['queued', 'running', 'waiting'].includes(message.status);
  if (event.seq !== undefined && number <= seen && !ends) {
    return message;
  }
  return { ...settled(apply(message, event), event), seq: Math.max(number, seen) };
}

/** Whatever comes after a wait says that it is over. */
function settled(message: IMessage, event: RunEvent): IMessage {
  return message.retry && event.type !== 'retry' && event.type !== 'usage' ? { ...message, retry: null } : message;
}

function apply(message: IMessage, event: RunEvent): IMessage {
  switch (event.type) {
    case 'start':
      return { ...message, id: event.message_id, model: event.model ?? message.model, status: 'running' };
    case 'token':
    case 'reasoning':
      return withText(message, event.type === 'token' ? 'text' : 'reasoning', event);
    case 'toolCall':
      return withStatus({ ...message, parts: put(message.parts, newCall(event)) });
    case 'approval':
      return withCall(message, event.call_id, call => ({
        decision: event.decision,
        by: event.by,
        arguments: event.arguments ?? call.arguments,
        status: event.decision === 'deny' ? 'denied' : call.status === 'waiting' ? 'running' : call.status
      }));
    case 'question':
      return withCall(message, event.call_id, () => ({ question: newQuestion(event) }));
    case 'questionAnswered':
      return withCall(message, event.call_id, () => ({ question: null }));
    case 'toolProgress':
      return withCall(message, event.call_id, () => ({
        progress: { progress: event.progress, total: event.total ?? null, message: event.message ?? null }
      }));
    case 'toolResult':
      return withCall(message, event.call_id, () => ({
        status: event.status,
        content: event.content ?? null,
        error: event.error ?? null,
        duration_ms: event.duration_ms,
        truncated: event.truncated,
        progress: undefined,
        question: null
      }));
    case 'retry':
      return { ...message, retry: newRetry(event) };
    case 'usage':
      return {
        ...message,
        usage: {
          input_tokens: event.input_tokens,
          output_tokens: event.output_tokens,
          cache_read_tokens: event.cache_read_tokens,
          cost: event.cost
        }
      };
    case 'complete':
      return {
        ...message,
        id: event.message_id,
        status: 'complete',
        usage: event.usage ?? message.usage,
        finish_reason: event.finish_reason
      };
    case 'error':
      return { ...withdrawn(message), status: 'failed', error: errorOf(event) };
    case 'cancelled':
      return { ...withdrawn(message), status: 'cancelled' };
    default:
      return message; // A type this panel is too old to know.
  }
}

function withText(
  message: IMessage,
  type: 'text' | 'reasoning',
  event: { part: number; offset: number; content: string }
): IMessage {
  const old = message.parts.find(part => part.part === event.part);
  const before = old && old.type !== 'tool' ? old.content : '';
  const content = sliceCodePoints(before, event.offset) + event.content;
  return { ...message, status: 'running', parts: put(message.parts, { type, part: event.part, content }) };
}

function newCall(event: Extract<RunEvent, { type: 'toolCall' }>): IToolPart {
  return {
    type: 'tool',
    part: event.part,
    call_id: event.call_id,
    server: event.server,
    tool: event.tool,
    title: event.title,
    arguments: event.arguments,
    read_only: event.read_only,
    needs_approval: event.needs_approval,
    decision: null,
    by: null,
    status: event.needs_approval ? 'waiting' : 'running',
    content: null,
    error: null,
    duration_ms: null,
    truncated: false,
    input_schema: event.input_schema ?? null,
    choices: event.choices ?? null
  };
}

function newQuestion(event: Extract<RunEvent, { type: 'question' }>): IQuestion {
  return {
    question_id: event.question_id,
    call_id: event.call_id,
    server: event.server,
    message: event.message,
    mode: event.mode,
    schema: event.schema,
    url: event.url,
    expires: event.expires
  };
}

function newRetry(event: IRetry): IRetry {
  const { attempt, of, seconds, at, code, content, then, actions } = event;
  return { attempt, of, seconds, at, code, content, then, actions };
}

function withCall(message: IMessage, callId: string, change: (call: IToolPart) => Partial<IToolPart>): IMessage {
  const parts = message.parts.map(part =>
    part.type === 'tool' && part.call_id === callId ? { ...part, ...change(part) } : part
  );
  return withStatus({ ...message, parts });
}

/** A message waits as long as one of its calls does. */
function withStatus(message: IMessage): IMessage {
  const waits = message.parts.some(part => part.type === 'tool' && part.status === 'waiting');
  return { ...message, status: waits ? 'waiting' : 'running' };
}

/** The run is over: calls in flight will not be heard of again, questions need no answer. */
function withdrawn(message: IMessage): IMessage {
  const parts = message.parts.map(part =>
    part.type === 'tool' && (part.status === 'running' || part.status === 'waiting')
      ? {
          ...part,
          status: part.status === 'running' ? ('unknown' as const) : ('withdrawn' as const),
          progress: undefined,
          question: null
        }
      : part
  );
  return { ...message, parts };
}

function put(parts: Part[], part: Part): Part[] {
  const index = parts.findIndex(other => other.part === part.part);
  if (index >= 0) {
    return parts.map((other, i) => (i === index ? part : other));
  }
  return [...parts, part].sort((a, b) => a.part - b.part);
}

function errorOf(event: Extract<RunEvent, { type: 'error' }>): IErrorBody {
  return {
    message: event.content,
    reason: null,
    code: event.code,
    then: event.then ?? '',
    actions: event.actions ?? [],
    retryable: event.retryable,
    retry_after: event.retry_after ?? null
  };
}

/** The first `count` code points of `text`. Offsets on the wire count code points, JavaScript counts UTF-16 units. */
export function sliceCodePoints(text: string, count: number): string {
  let index = 0;
  for (let left = count; left > 0 && index < text.length; left--) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, index);
}
