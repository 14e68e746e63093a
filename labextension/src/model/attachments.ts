/** Attachments: the package's shape, whose paths are Jupyter's, and the wire's. */
import { IAttachment as IPackageAttachment } from '@jupyter/chat';

import { IAttachment } from '../core/wire';

export function fromPackage(attachment: IPackageAttachment): IAttachment[] {
  if (attachment.type === 'file') {
    return [{ type: attachment.value.endsWith('.ipynb') ? 'notebook' : 'file', path: attachment.value }];
  }
  if (!attachment.cells?.length) {
    return [{ type: 'notebook', path: attachment.value }];
  }
  return attachment.cells.map(cell => ({ type: 'cell', path: attachment.value, cell_id: cell.id }));
}

/** What a chip says: the file's name, and that it is a cell where it is one. */
export function chipText(attachment: IAttachment, cell: string): string {
  const name = attachment.path.split('/').filter(Boolean).pop() ?? attachment.path;
  return attachment.type === 'cell' ? `${name}: ${cell}` : name;
}
