/** Attachments: the package's shape, whose paths are Jupyter's, and the wire's. */
import { IAttachment as IPackageAttachment } from '@jupyter/chat';

import { IAttachment, IImageAttachment, IImageToAttach, IResourceAttachment } from '../core/wire';

/** A resource as the package's input holds it: a chip with its name. It knows no such type, and only shows `value`. */
type Held = IResourceAttachment & { value: string };

export function fromPackage(attachment: IPackageAttachment): IAttachment[] {
  const held = attachment as IPackageAttachment | Held;
  if (held.type === 'resource') {
    const { type, server, uri, name } = held;
    return [{ type, server, uri, name }];
  }
  if (held.type === 'file') {
    return [{ type: held.value.endsWith('.ipynb') ? 'notebook' : 'file', path: held.value }];
  }
  if (!held.cells?.length) {
    return [{ type: 'notebook', path: held.value }];
  }
  return held.cells.map(cell => ({ type: 'cell', path: held.value, cell_id: cell.id }));
}

export function toPackage(resource: IResourceAttachment): IPackageAttachment {
  const held: Held = { ...resource, value: chipText(resource, '') };
  return held as unknown as IPackageAttachment;
}

/** What a chip says: the file's name, and that it is a cell where it is one; a resource's name and its MCP server. */
export function chipText(attachment: IAttachment, cell: string): string {
  if (attachment.type === 'resource') {
    return `${attachment.server}: ${attachment.name || attachment.uri}`;
  }
  if (isImage(attachment)) {
    return imageName(attachment);
  }
  const name = attachment.path.split('/').filter(Boolean).pop() ?? attachment.path;
  return attachment.type === 'cell' ? `${name}: ${cell}` : name;
}

/** What tells one attachment of a message from the others, and stands in its tip. */
export function chipKey(attachment: IAttachment): string {
  if (isImage(attachment)) {
    return 'id' in attachment ? attachment.id : imageName(attachment);
  }
  return attachment.type === 'resource'
    ? `${attachment.server} ${attachment.uri}`
    : [attachment.path, attachment.cell_id].filter(Boolean).join('#');
}

export function isImage(attachment: IAttachment): attachment is IImageAttachment | IImageToAttach {
  return attachment.type === 'image';
}

export function imageName(image: IImageAttachment | IImageToAttach): string {
  return 'path' in image ? (image.path.split('/').pop() ?? image.path) : image.name;
}
