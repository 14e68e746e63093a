/** Images in messages, as docs/reference/wire.md has them. Types only. */

/** As the server keeps it. */
export interface IImage {
  type: 'image';
  id: string;
  name: string;
  media_type: string;
  /** Bytes. */
  size: number;
}

/** As it is sent: a file of the project, or its bytes. */
export type IImageUpload =
  | { type: 'image'; path: string; id?: undefined }
  | { type: 'image'; name: string; data: string; id?: undefined };
