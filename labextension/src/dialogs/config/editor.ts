/** Lab's own text editor for the text of a dialog: line numbers, the reader's key map and theme. */
import { CodeEditor, IEditorServices } from '@jupyterlab/codeeditor';
import { IDisposable } from '@lumino/disposable';

export interface IEditorOptions {
  services: IEditorServices;
  host: HTMLElement;
  text: string;
  /** What a screen reader calls it. */
  label: string;
  onChange(text: string): void;
}

export class TextEditor implements IDisposable {
  constructor(options: IEditorOptions) {
    this._model = new CodeEditor.Model({ mimeType: 'application/json' });
    this._model.sharedModel.setSource(options.text);
    this._editor = options.services.factoryService.newDocumentEditor({
      host: options.host,
      model: this._model,
      config: { lineNumbers: true, lineWrap: false, highlightActiveLine: true, codeFolding: false, tabSize: 2, indentUnit: '2' }
    });
    options.host.querySelector('[contenteditable]')?.setAttribute('aria-label', options.label);
    this._model.sharedModel.changed.connect(() => options.onChange(this._model.sharedModel.getSource()));
  }

  get isDisposed(): boolean {
    return this._editor.isDisposed;
  }

  dispose(): void {
    this._editor.dispose();
    this._model.dispose();
  }

  replace(text: string): void {
    if (text !== this._model.sharedModel.getSource()) {
      this._model.sharedModel.setSource(text);
    }
  }

  /** @param line from 1, as is `column` */
  goTo(line: number, column: number): void {
    const last = this._editor.lineCount - 1;
    const at = { line: Math.min(line - 1, last), column: column - 1 };
    this._editor.focus();
    this._editor.setCursorPosition(at);
    this._editor.revealPosition(at);
  }

  focus(): void {
    this._editor.focus();
  }

  private readonly _model: CodeEditor.Model;
  private readonly _editor: CodeEditor.IEditor;
}
