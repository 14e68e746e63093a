/** The images beside what is being written: their chips, and in words why one was not taken. */
import React from 'react';

import { Icon } from '../icons';
import { IDraftImage } from '../model/images';
import { useChat, useSignal } from './context';
import { modelOf, openModelPicker } from './modelpicker';
import { useImage } from './thumbs';

export function Drafts(): JSX.Element | null {
  const environment = useChat();
  const { chat, mandrake } = environment;
  const { project, trans } = mandrake;
  useSignal(chat.drafts.changed);
  useSignal(chat.sessionChanged);
  useSignal(project.changed);
  const { list, fault } = chat.drafts;
  const model = modelOf(environment);
  const blind = list.length > 0 && model?.images === false;
  return (
    <>
      {fault && (
        <p role="alert" className="jp-Mandrake-small jp-Mandrake-problem" data-testid="mandrake-image-fault">
          {fault}
        </p>
      )}
      {blind && (
        <p role="status" className="jp-Mandrake-small jp-Mandrake-draft-note" data-testid="mandrake-image-blind">
          {trans.__('%1 can’t see images.', model.name)}{' '}
          <button
            className="jp-Mandrake-link"
            onClick={event => openModelPicker(event.currentTarget.closest('.jp-Mandrake'))}
          >
            {trans.__('Choose another model')}
          </button>
        </p>
      )}
      {list.length > 0 && (
        <ul className="jp-Mandrake-drafts" aria-label={trans.__('Images to send')}>
          {list.map(image => (
            <Draft key={image.key} image={image} />
          ))}
        </ul>
      )}
    </>
  );
}

function Draft(props: { image: IDraftImage }): JSX.Element {
  const { key, name, upload } = props.image;
  const { chat, mandrake } = useChat();
  const url = useImage(upload, '');
  const label = mandrake.trans.__('Remove %1', name);
  return (
    <li className="jp-Mandrake-draft" data-testid="mandrake-draft-image" title={name}>
      <span className="jp-Mandrake-draft-image">{url ? <img src={url} alt="" /> : <Icon name="image" className="is-off" />}</span>
      <span className="jp-Mandrake-ellipsis">{name}</span>
      <button
        className="jp-Mandrake-icon"
        aria-label={label}
        title={label}
        onClick={() => {
          chat.drafts.remove(key);
          chat.input.focus();
        }}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

/** What a paste or a drop brings as files. Text that came with them is what was meant: spreadsheets bring a picture, too. */
export function filesOf(data: DataTransfer | null): File[] {
  return data && !data.types.includes('text/plain') ? Array.from(data.files) : [];
}
