/** The images of a chat: those in the input, on their way into the next message, and what makes any of them visible. */
import { IInputModel } from '@jupyter/chat';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { MandrakeApi } from '../api';
import { base64, imageFault, imageType, LARGEST_IMAGE, looksLikeImage } from '../core/images';
import { ITrans } from '../core/trans';
import { IImageAttachment, IImageToAttach } from '../core/wire';

export interface IDraftImage {
  key: string;
  name: string;
  upload: IImageToAttach;
}

/** Images beside what is being written. A file of the project that is attached and is one joins them. */
export class ImageDrafts {
  constructor(
    private readonly _trans: ITrans,
    input: IInputModel,
    private readonly _images: ImageUrls
  ) {
    input.attachmentsChanged?.connect(this._onAttached, this);
  }

  get list(): readonly IDraftImage[] {
    return this._list;
  }
  /** Why the last one was not taken; null when it was. */
  get fault(): string | null {
    return this._fault;
  }
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Take files that were pasted, dropped or chosen. */
  async addFiles(files: readonly File[]): Promise<void> {
    this._fault = null;
    for (const file of files) {
      // What is too large is not read whole.
      const bytes = new Uint8Array(await (file.size > LARGEST_IMAGE ? file.slice(0, 12) : file).arrayBuffer());
      const name = file.name || 'image';
      this._fault = imageFault(this._trans, name, imageType(bytes), file.size, this._list.length) ?? this._fault;
      if (!imageFault(this._trans, name, imageType(bytes), file.size, this._list.length)) {
        this._put(name, { type: 'image', name, data: base64(bytes) });
      }
    }
    this._changed.emit();
  }

  /** Take a file of the project. It is looked at, and leaves again if it can't be sent. */
  async addPath(path: string): Promise<void> {
    if (this._list.some(({ upload }) => 'path' in upload && upload.path === path)) {
      return;
    }
    const name = path.split('/').pop() ?? path;
    this._fault = imageFault(this._trans, name, '', 0, this._list.length);
    if (!this._fault) {
      const key = this._put(name, { type: 'image', path });
      this._changed.emit();
      const blob = await this._images.file(path).catch(() => null);
      const type = blob && imageType(new Uint8Array(await blob.slice(0, 12).arrayBuffer()));
      const fault = blob && imageFault(this._trans, name, type, blob.size, 0);
      if (fault) {
        this.remove(key);
        this._fault = fault;
      }
    }
    this._changed.emit();
  }

  remove(key: string): void {
    this._list = this._list.filter(image => image.key !== key);
    this._fault = null;
    this._changed.emit();
  }

  /** Those for the message that is sent now. */
  take(): IImageToAttach[] {
    const taken = this._list.map(({ upload }) => upload);
    this._list = [];
    this._fault = null;
    this._changed.emit();
    return taken;
  }

  private _put(name: string, upload: IImageToAttach): string {
    const key = UUID.uuid4();
    this._list = [...this._list, { key, name, upload }];
    return key;
  }

  /** After the input has told everyone of it: taken away at once, others would hear of it last. */
  private async _onAttached(input: IInputModel): Promise<void> {
    await Promise.resolve();
    for (const attachment of [...input.attachments]) {
      if (attachment.type === 'file' && looksLikeImage(attachment.value)) {
        input.removeAttachment?.(attachment);
        void this.addPath(attachment.value);
      }
    }
  }

  private _list: readonly IDraftImage[] = [];
  private _fault: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** Addresses that an `img` of this page can show: what Jupyter keeps is asked for with the page's own login. */
export class ImageUrls {
  constructor(
    private readonly _api: MandrakeApi,
    private readonly _workspace: string
  ) {}

  /** The address of an image of the chat `session`. Rejects when it can't be had. */
  url(image: IImageAttachment | IImageToAttach, session: string): Promise<string> {
    if ('data' in image) {
      const type = imageType(Uint8Array.from(atob(image.data.slice(0, 16)), c => c.charCodeAt(0)));
      return Promise.resolve(`data:${type};base64,${image.data}`);
    }
    // A file may be another picture the next time it is attached.
    const key = 'path' in image ? image : image.id;
    const known = this._urls.get(key);
    if (known) {
      return known;
    }
    const blob = 'path' in image ? this.file(image.path) : this._api.image(this._workspace, session, image.id);
    const url = blob.then(found => URL.createObjectURL(found));
    this._urls.set(key, url);
    url.catch(() => this._urls.delete(key));
    return url;
  }

  /** A file of the project. */
  file(path: string): Promise<Blob> {
    return this._api.file(path);
  }

  dispose(): void {
    this._urls.forEach(url => url.then(URL.revokeObjectURL).catch(() => undefined));
    this._urls.clear();
  }

  private readonly _urls = new Map<string | IImageToAttach, Promise<string>>();
}
