/** Images of messages: small in their place, larger on a press. They have their size before they are there. */
import { ReactWidget } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';

import { IImageAttachment, IImageToAttach } from '../core/wire';
import { Modal } from '../dialogs/common/modal';
import { Icon } from '../icons';
import { imageName } from '../model/attachments';
import { useChat } from './context';

/** The address of an image: undefined while it is fetched, null when it can't be had. */
export function useImage(image: IImageAttachment | IImageToAttach, session: string): string | null | undefined {
  const { images } = useChat().chat;
  const [url, setUrl] = useState<string | null>();
  useEffect(() => {
    let gone = false;
    images.url(image, session).then(
      found => gone || setUrl(found),
      () => gone || setUrl(null)
    );
    return () => {
      gone = true;
    };
  }, [images, image, session]);
  return url;
}

export function Thumb(props: { image: IImageAttachment | IImageToAttach; session: string }): JSX.Element {
  const { image, session } = props;
  const { trans } = useChat().mandrake;
  const url = useImage(image, session);
  const name = imageName(image);
  const label = url === null ? trans.__('%1 could not be loaded', name) : trans.__('Open image %1', name);
  return (
    <button
      className="jp-Mandrake-thumb"
      aria-label={label}
      title={url === null ? label : name}
      disabled={!url}
      data-testid="mandrake-image"
      onClick={() => url && void showImage(name, url, trans)}
    >
      {url ? <img src={url} alt="" /> : <Icon name={url === null ? 'failed' : 'image'} className="is-off" />}
    </button>
  );
}

async function showImage(name: string, url: string, trans: TranslationBundle): Promise<void> {
  const body = ReactWidget.create(
    <>
      <div className="jp-Mandrake-large-image">
        <img src={url} alt={name} data-testid="mandrake-large-image" />
      </div>
      <div className="jp-Mandrake-dialog-footer">
        <button className="jp-Dialog-button jp-mod-styled jp-mod-reject jp-Mandrake-image-close" onClick={() => modal.finish()}>
          {trans.__('Close')}
        </button>
      </div>
    </>
  );
  const modal: Modal = new Modal({
    title: name,
    body,
    className: 'jp-Mandrake-image-dialog',
    testId: 'mandrake-image-dialog',
    focus: '.jp-Mandrake-image-close'
  });
  await modal.launch();
}
