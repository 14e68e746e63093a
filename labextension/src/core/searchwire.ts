/**
 * What `GET search` answers. Types only.
 */

/** A piece of text around what was found; the found words are the marked ones. */
export interface ISnippetPart {
  text: string;
  mark: boolean;
}

export interface IHit {
  /** Null for a title. */
  message_id: string | null;
  run_id: string | null;
  role: 'user' | 'assistant' | null;
  part: number | null;
  kind: 'title' | 'text' | 'tool';
  created: string | null;
  snippet: ISnippetPart[];
}

export interface IFoundChat {
  session: { id: string; workspace_id: string; name: string; last_activity: string };
  /** The best two. */
  hits: IHit[];
  /** How many there are besides. */
  more: number;
}

export interface ISearchAnswer {
  query: string;
  messages: number;
  chats: number;
  /** There are more chats than `results`. */
  more: boolean | number;
  results: IFoundChat[];
}
