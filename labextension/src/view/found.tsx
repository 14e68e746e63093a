/**
 * What was found in the chats. The focus stays in the search field, which points at one of the options here; the words
 * that were found are parts of a text, never HTML.
 */
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef } from 'react';

import { when } from '../core/format';
import { IFoundOption, joined } from '../core/search';
import { IFoundChat, IHit, ISearchAnswer, ISession } from '../core/wire';
import { Icon } from '../icons';
import { PanelModel } from '../model/panel';
import { errorBodyOf } from '../model/words';
import { RowState, stateOf } from './chatrow';
import { Skeleton, Trouble } from './listparts';

/** The id of the list, which the search field names. */
export const FOUND_LIST = 'mandrake-found';
/** The id of one of its options. */
export const optionId = (at: number) => `${FOUND_LIST}-${at}`;

interface IProps {
  model: PanelModel;
  trans: TranslationBundle;
}

export function Found(props: IProps): JSX.Element {
  const { model, trans } = props;
  const { found, chats } = model;
  const { answer, failure, options, at } = found;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, answer]);
  const nothing = answer !== null && options.length === 0;
  const project = chats.scope === null ? null : chats.projectName(chats.scope);
  return (
    <div className="jp-Mandrake-found" ref={box} data-testid="mandrake-found">
      <p className={nothing ? 'jp-Mandrake-none' : 'jp-Mandrake-found-count'} role="status" data-testid="mandrake-found-count">
        {answer && countWords(answer, trans)}
      </p>
      {nothing && project && (
        <p className="jp-Mandrake-none-way">
          <button
            className="jp-Mandrake-btn"
            data-testid="mandrake-search-all"
            onClick={event => {
              event.currentTarget.closest('.jp-Mandrake')?.querySelector<HTMLElement>('.jp-Mandrake-search')?.focus();
              model.setScope(null);
            }}
          >
            {trans.__('Search all projects')}
          </button>
        </p>
      )}
      {failure !== null && (
        <Trouble
          words={trans.__('The chats could not be searched.')}
          then={errorBodyOf(trans, failure).message}
          action={trans.__('Try again')}
          onAction={() => found.again()}
        />
      )}
      {!answer && failure === null && <Skeleton label={trans.__('Searching')} />}
      {options.length > 0 && (
        <div role="listbox" id={FOUND_LIST} aria-label={trans.__('Chats found')} aria-busy={found.working}>
          {groupsOf(options).map(group => (
            <FoundChat key={group.chat.session.id} {...props} {...group} at={at} />
          ))}
        </div>
      )}
      {found.more ? (
        <p className="jp-Mandrake-older">
          <button className="jp-Mandrake-btn" data-testid="mandrake-found-more" onClick={() => found.further()}>
            {trans.__('Show more chats')}
          </button>
        </p>
      ) : (
        answer?.more && <p className="jp-Mandrake-none">{trans.__('These are the best. More words find others.')}</p>
      )}
    </div>
  );
}

interface IGroup {
  chat: IFoundChat;
  options: { option: IFoundOption; at: number }[];
}

function FoundChat(props: IProps & IGroup & { at: number }): JSX.Element {
  const { model, trans, chat, options } = props;
  const { session } = chat;
  const [icon, tone, words] = stateOf(model.chats.find(session.id) ?? (session as ISession), trans);
  const time = when(session.last_activity, new Date());
  const title = options.find(({ option }) => option.hit.kind === 'title');
  const name = session.name || trans.__('New chat');
  return (
    <div role="group" aria-label={name} className="jp-Mandrake-row" data-testid="mandrake-found-chat">
      <div className="jp-Mandrake-row-head">
        <Icon name={icon} className={tone} />
        {title ? (
          <Option {...props} {...title} className="jp-Mandrake-row-name" label={name} />
        ) : (
          // The arrows lead to the messages; for the pointer the title does, too.
          <div className="jp-Mandrake-row-name" title={name} onClick={() => model.openFound(options[0].option)}>
            {name}
          </div>
        )}
        <span className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-hide-narrow">{time}</span>
      </div>
      <RowState words={words} project={model.chats.scope === null ? model.chats.projectName(session.workspace_id) : null} time={time} />
      {options
        .filter(one => one !== title)
        .map(one => (
          <Option key={one.at} {...props} {...one} className="jp-Mandrake-hit" />
        ))}
      {chat.more > 0 && (
        <div className="jp-Mandrake-hit-more jp-Mandrake-small jp-Mandrake-muted">{trans.__('%1 more', chat.more)}</div>
      )}
    </div>
  );
}

function Option(
  props: IProps & { option: IFoundOption; at: number; className: string; label?: string } & { chat: IFoundChat }
): JSX.Element {
  const { model, trans, option, className, label } = props;
  const index = props.at;
  const active = model.found.at === index;
  const { hit } = option;
  return (
    <div
      role="option"
      id={optionId(index)}
      aria-selected={active}
      title={label}
      className={`${className}${active ? ' is-active' : ''}`}
      data-testid="mandrake-hit"
      data-kind={hit.kind}
      onMouseDown={event => event.preventDefault()}
      onClick={() => model.openFound(option)}
    >
      <span>
        {hit.kind !== 'title' && <b className="jp-Mandrake-strong">{whoSays(hit, trans)} </b>}
        {joined(hit.snippet).map((part, i) => (part.mark ? <mark key={i}>{part.text}</mark> : part.text))}
      </span>
    </div>
  );
}

function groupsOf(options: readonly IFoundOption[]): IGroup[] {
  const groups: IGroup[] = [];
  options.forEach((option, at) => {
    const last = groups[groups.length - 1];
    if (last?.chat === option.chat) {
      last.options.push({ option, at });
    } else {
      groups.push({ chat: option.chat, options: [{ option, at }] });
    }
  });
  return groups;
}

function whoSays(hit: IHit, trans: TranslationBundle): string {
  return hit.kind === 'tool' ? trans.__('Tool:') : hit.role === 'user' ? trans.__('You:') : trans.__('Mandrake:');
}

/** `4 messages in 3 chats`. */
function countWords(answer: ISearchAnswer, trans: TranslationBundle): string {
  const { query, messages, chats } = answer;
  if (answer.results.length === 0) {
    return trans.__('No chat holds “%1”.', query);
  }
  const among = trans._n('%1 chat', '%1 chats', chats);
  return messages ? trans.__('%1 in %2', trans._n('%1 message', '%1 messages', messages), among) : among;
}
