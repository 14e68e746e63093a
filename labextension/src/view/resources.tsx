/** The picker of a resource to attach: an MCP server, a filter, and its list. Arrows and Enter, or a press, choose. */
import { ReactWidget } from '@jupyterlab/apputils';
import React, { useEffect, useId, useState } from 'react';

import { matching, moved } from '../core/pick';
import { IErrorBody, IResource, IResourceAttachment } from '../core/wire';
import { Modal } from '../dialogs/common/modal';
import { FooterButton } from '../dialogs/common/parts';
import { errorBodyOf } from '../model/words';
import { IMandrake } from '../tokens';

/** Entries that are drawn; a filter finds the others. */
const SHOWN = 200;

/** The MCP servers whose resources can be asked for. */
export function resourceServers(mandrake: IMandrake): string[] {
  return mandrake.project.mcpServers
    .filter(({ trusted, transport }) => trusted && transport !== 'builtin')
    .map(({ name }) => name);
}

/** The resource a person chose; null for none. */
export async function pickResource(mandrake: IMandrake): Promise<IResourceAttachment | null> {
  let chosen: IResourceAttachment | null = null;
  const body = ReactWidget.create(
    <Picker
      mandrake={mandrake}
      onPick={resource => {
        chosen = resource;
        modal.finish();
      }}
    />
  );
  body.addClass('jp-Mandrake-form');
  const modal: Modal = new Modal({
    title: mandrake.trans.__('Attach a resource of an MCP server'),
    body,
    className: 'jp-Mandrake-resources',
    testId: 'mandrake-resources',
    focus: '.jp-Mandrake-resources-server'
  });
  await modal.launch();
  return chosen;
}

function Picker(props: { mandrake: IMandrake; onPick(resource: IResourceAttachment | null): void }): JSX.Element {
  const { mandrake, onPick } = props;
  const { trans } = mandrake;
  const servers = resourceServers(mandrake);
  const [server, setServer] = useState(servers.length === 1 ? servers[0] : '');
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const { resources, error } = useResources(mandrake, server);
  const id = useId();
  const found = matching(resources ?? [], text, wordsOf).slice(0, SHOWN);
  const here = Math.min(at, found.length - 1);
  const pick = ({ uri, name, title }: IResource) =>
    onPick({ type: 'resource', server, uri, name: (title || name || uri).slice(0, 200) });

  useEffect(() => {
    document.getElementById(`${id}-${here}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, here]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = moved(here, found.length, event.key);
    if (next !== null) {
      event.preventDefault();
      setAt(next);
    } else if (event.key === 'Enter' && found[here] && !event.nativeEvent.isComposing) {
      event.preventDefault();
      pick(found[here]);
    }
  };

  return (
    <>
      <div className="jp-Mandrake-dialog-body">
        <label className="jp-Mandrake-field">
          <span>{trans.__('MCP server')}</span>
          <select
            className="jp-Mandrake-input jp-Mandrake-resources-server"
            data-testid="mandrake-resources-server"
            value={server}
            onChange={event => {
              setServer(event.target.value);
              setAt(0);
            }}
          >
            {servers.length !== 1 && <option value="">{trans.__('Choose an MCP server')}</option>}
            {servers.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="jp-Mandrake-field">
          <span>{trans.__('Filter')}</span>
          <input
            className="jp-Mandrake-input"
            data-testid="mandrake-resources-filter"
            role="combobox"
            aria-expanded={found.length > 0}
            aria-controls={`${id}-list`}
            aria-activedescendant={found.length ? `${id}-${here}` : undefined}
            autoComplete="off"
            value={text}
            onChange={event => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
        </label>
        <ul id={`${id}-list`} role="listbox" aria-label={trans.__('Resources')} className="jp-Mandrake-resources-list">
          {found.map((resource, i) => (
            <li
              key={resource.uri}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === here}
              data-testid="mandrake-resource"
              onClick={() => pick(resource)}
            >
              <span className="jp-Mandrake-ellipsis">{resource.title || resource.name}</span>
              <span className="jp-Mandrake-small jp-Mandrake-muted jp-Mandrake-ellipsis">
                {[resource.uri, resource.mime_type].filter(Boolean).join(' · ')}
              </span>
            </li>
          ))}
        </ul>
        <p role="status" className="jp-Mandrake-small jp-Mandrake-muted">
          {error
            ? `${error.message} ${error.then}`
            : !server
              ? ''
              : resources === null
                ? trans.__('Asking %1…', server)
                : found.length === 0
                  ? resources.length
                    ? trans.__('No resource matches.')
                    : trans.__('%1 has no resources to attach.', server)
                  : trans.__('Enter attaches it. It is read when you send the message.')}
        </p>
      </div>
      <div className="jp-Mandrake-dialog-footer">
        <span className="jp-Mandrake-grow" />
        <FooterButton look="reject" onClick={() => onPick(null)}>
          {trans.__('Cancel')}
        </FooterButton>
      </div>
    </>
  );
}

function wordsOf({ uri, name, title, description }: IResource): string {
  return [uri, name, title, description].join(' ');
}

/** Those of `server`, null until they are known. */
function useResources(
  mandrake: IMandrake,
  server: string
): { resources: IResource[] | null; error: IErrorBody | null } {
  const [known, setKnown] = useState<{ server: string; resources: IResource[] | null; error: IErrorBody | null }>();
  useEffect(() => {
    if (!server) {
      return;
    }
    let gone = false;
    mandrake.api.mcpResources(mandrake.project.workspace, server).then(
      ({ resources }) => gone || setKnown({ server, resources, error: null }),
      error => gone || setKnown({ server, resources: null, error: errorBodyOf(mandrake.trans, error) })
    );
    return () => {
      gone = true;
    };
  }, [mandrake, server]);
  return known?.server === server ? known : { resources: null, error: null };
}
