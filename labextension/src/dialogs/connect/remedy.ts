/**
 * What to do when a model's test was refused: the sentence, what to try, and the ways out, by the error's code.
 * The same errors have other words in the chat, where there is a message to keep.
 */
import { ITrans } from '../../core/trans';
import { IErrorBody, IProviderEntry } from '../../core/wire';
import { MARK, withoutMessage } from '../common/text';

export type RemedyAction = 'clear_key' | 'edit_model' | 'edit_url' | 'try_again';

export interface IRemedy {
  title: string;
  /** May hold one MARK, for `code`. */
  then: string;
  /** Set apart in `then`, in code type. */
  code?: string;
  action: { id: RemedyAction; label: string };
  /** Where keys of this provider are made. */
  keyPage?: string;
  aboutKey: boolean;
}

const KEYS: Record<string, { prefix: string; page: string }> = {
  anthropic: { prefix: 'sk-ant-', page: 'https://console.anthropic.com/settings/keys' },
  openai: { prefix: 'sk-', page: 'https://platform.openai.com/api-keys' }
};

/** @param typed whether the key that was refused was typed just now, not saved before */
export function remedyFor(trans: ITrans, error: IErrorBody, provider: IProviderEntry, typed: boolean): IRemedy {
  const again = { id: 'try_again' as const, label: trans.__('Try again') };
  const plain = { title: error.message, then: withoutMessage(error.then), action: again, aboutKey: false };
  const isUrl = provider.kind === 'url';
  switch (error.code) {
    case 'model_key_refused':
      return refusedKey(trans, provider, typed);
    case 'model_key_missing':
      return {
        ...plain,
        then: trans.__('Enter the key, then test again.'),
        action: { id: 'clear_key', label: trans.__('Enter a key') },
        keyPage: KEYS[provider.id]?.page,
        aboutKey: true
      };
    case 'model_not_available':
      return {
        ...plain,
        then: trans.__('Choose another one from the list, or check how it is spelled.'),
        action: { id: 'edit_model', label: trans.__('Choose another model') }
      };
    case 'model_unreachable':
      return {
        ...plain,
        then:
          provider.id === 'ollama'
            ? trans.__('Start Ollama, or check the address, then try again.')
            : trans.__('Check the network or the proxy, then try again. You can also save it as it is and use it later.'),
        action: isUrl ? { id: 'edit_url', label: trans.__('Check the address') } : again
      };
    case 'model_rate_limited':
      return { ...plain, then: trans.__('The key was accepted. Wait a little, then try again, or save it as it is.') };
    case 'model_overloaded':
      return { ...plain, then: trans.__('This usually passes within minutes. You can save it as it is and use it later.') };
    case 'model_timeout':
    case 'model_stalled':
      return { ...plain, then: trans.__('It may be busy or still loading. Try again, or save it as it is and use it later.') };
    default:
      return plain;
  }
}

function refusedKey(trans: ITrans, provider: IProviderEntry, typed: boolean): IRemedy {
  const known = KEYS[provider.id];
  const copy = trans.__('Copy it again from your %1 account, all of it.', provider.name);
  const saved = trans.__('It may have been withdrawn. Enter a new one.');
  return {
    title: trans.__('%1 did not accept this key.', provider.name),
    then: [typed ? copy : saved, known ? trans.__('It starts with %1.', MARK) : ''].filter(Boolean).join(' '),
    code: known?.prefix,
    action: { id: 'clear_key', label: typed ? trans.__('Clear and paste again') : trans.__('Enter a new key') },
    keyPage: known?.page,
    aboutKey: true
  };
}

/** "Works. First word after 0.8 s." */
export function worksText(trans: ITrans, milliseconds: number): string {
  return trans.__('Works. First word after %1 s.', Math.max(0.1, milliseconds / 1000).toFixed(1));
}
