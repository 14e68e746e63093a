/** A menu of Lab's look for one press. The focus goes back to where it came from. */
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';

export interface IMenuItem {
  id: string;
  label: string;
  caption?: string;
  /** False greys it out. */
  enabled?: boolean;
  toggled?: boolean;
  execute(): unknown;
}

/** Open it below `anchor`, or where the pointer is; null stands for a line between items. */
export function openMenu(
  items: readonly (IMenuItem | null)[],
  anchor: HTMLElement,
  pointer: { clientX: number; clientY: number } | null = null
): void {
  const commands = new CommandRegistry();
  const menu = new MenuSvg({ commands });
  menu.addClass('jp-Mandrake-menu');
  for (const item of items) {
    if (item === null) {
      menu.addItem({ type: 'separator' });
      continue;
    }
    const { id, label, caption, enabled, toggled, execute } = item;
    commands.addCommand(id, {
      label,
      caption,
      execute,
      isEnabled: () => enabled ?? true,
      isToggled: () => toggled ?? false,
      isToggleable: toggled !== undefined
    });
    menu.addItem({ command: id });
  }
  menu.aboutToClose.connect(() => {
    setTimeout(() => {
      if (document.activeElement === document.body || menu.node.contains(document.activeElement)) {
        anchor.focus();
      }
      menu.dispose();
    }, 0);
  });
  const box = anchor.getBoundingClientRect();
  menu.open(pointer?.clientX ?? box.left, pointer?.clientY ?? box.bottom);
}
