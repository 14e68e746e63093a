/**
 * Lab's modal dialog around a React body that brings its own buttons: some of ours act without closing (Test), which
 * Lab's buttons can't. Keeps Lab's queue, backdrop and return of focus; keeps Tab inside.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { Styling } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex="0"], [contenteditable="true"]';

let count = 0;

export interface IModalOptions {
  title: string;
  /** The body; it renders its own footer. */
  body: ReactWidget;
  /** Added to the dialog's node. */
  className: string;
  testId: string;
  /** Selector of the node in the body that gets the focus first. */
  focus: string;
  /** Whether a click beside the dialog may close it: not while something typed would be lost. */
  mayDismiss?: () => boolean;
  /** Whether Escape may close it; asked at each. */
  mayEscape?: () => boolean;
}

export class Modal extends Dialog<void> {
  constructor(private readonly _options: IModalOptions) {
    super({
      title: _options.title,
      body: _options.body,
      buttons: [],
      hasClose: true,
      focusNodeSelector: _options.focus,
      renderer: new BareRenderer()
    });
    const heading = this.node.querySelector('.jp-Dialog-header');
    if (heading) {
      heading.id = `jp-Mandrake-dialog-${++count}`;
      this.node.setAttribute('aria-labelledby', heading.id);
    }
    this.node.setAttribute('role', 'dialog');
    this.node.dataset.testid = _options.testId;
    this.addClass('jp-Mandrake-dialog');
    this.addClass(_options.className);
  }

  /** Close it; the promise of `launch` resolves. */
  finish(): void {
    this.reject();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    // A body that lost its focused control must not lose the keys: they would go to the notebook behind.
    this.node.tabIndex = -1;
    void this.ready.then(() => {
      if (!this.node.contains(document.activeElement)) {
        this.node.focus();
      }
    });
  }

  protected override _evtClick(event: MouseEvent): void {
    const content = this.node.querySelector('.jp-Dialog-content');
    const beside = !content?.contains(event.target as Node);
    const gone = !document.contains(event.target as Node);
    if (gone || (beside && this._options.mayDismiss && !this._options.mayDismiss())) {
      return;
    }
    super._evtClick(event);
  }

  protected override _evtKeydown(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      if (this._options.mayEscape && !this._options.mayEscape()) {
        event.stopPropagation();
        event.preventDefault();
        return;
      }
      super._evtKeydown(event);
    } else if (event.key === 'Tab') {
      this._trap(event);
    }
  }

  protected override _evtFocus(event: FocusEvent): void {
    const target = event.target;
    if (target instanceof Node && !this.node.contains(target)) {
      event.stopPropagation();
      this._stops()[0]?.focus();
    }
  }

  private _trap(event: KeyboardEvent): void {
    const stops = this._stops();
    const last = stops[stops.length - 1];
    const active = document.activeElement;
    if (event.shiftKey ? active === stops[0] || active === this.node : active === last) {
      event.preventDefault();
      (event.shiftKey ? last : stops[0])?.focus();
    }
  }

  private _stops(): HTMLElement[] {
    return Array.from(this.node.querySelectorAll<HTMLElement>(FOCUSABLE)).filter(node => node.offsetParent !== null);
  }
}

/** No close cross and no footer, and Lab's wrapping of form controls left out: it moves nodes that React owns. */
class BareRenderer extends Dialog.Renderer {
  override createHeader(title: Dialog.Header): Widget {
    const header = new Widget({ node: document.createElement('h1') });
    header.addClass('jp-Dialog-header');
    header.node.textContent = String(title);
    Styling.styleNode(header.node);
    return header;
  }

  override createBody(body: Dialog.Body<unknown>): Widget {
    const widget = body as Widget;
    widget.addClass('jp-Dialog-body');
    return widget;
  }

  override createFooter(): Widget {
    const footer = new Widget();
    footer.hide();
    return footer;
  }
}
