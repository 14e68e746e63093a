/** The model in the input's toolbar: which one answers, and a menu of the others. */
import React from 'react';

import { IModelEntry } from '../core/wire';
import { Icon } from '../icons';
import { CommandIDs } from '../tokens';
import { IChatEnvironment, useChat, useSignal } from './context';
import { IMenuItem, openMenu } from './menu';
import { notifyFailure } from './notify';

/** The model that the next message of a chat goes to. */
export function modelOf(environment: IChatEnvironment): IModelEntry | null {
  const { catalogue } = environment.mandrake.project;
  const id = environment.chat.session?.model ?? catalogue?.active;
  return catalogue?.models.find(model => model.id === id) ?? null;
}

/** Open the picker of the panel that `root` is in, as if it had been pressed. */
export function openModelPicker(root: Element | null): void {
  const button = root?.querySelector<HTMLButtonElement>('.jp-Mandrake-picker');
  button?.focus();
  button?.click();
}

export function ModelPicker(): JSX.Element {
  const environment = useChat();
  const { mandrake, chat } = environment;
  const { project, trans } = mandrake;
  useSignal(project.changed);
  useSignal(chat.sessionChanged);
  const model = modelOf(environment);
  const name = model?.name ?? trans.__('Choose a model');

  return (
    <button
      className="jp-Mandrake-picker"
      data-testid="mandrake-model-picker"
      aria-haspopup="menu"
      aria-label={trans.__('Model: %1', name)}
      title={name}
      onClick={event => openMenu(modelItems(environment, model), event.currentTarget)}
    >
      <Icon name="sprout" />
      <span className="jp-Mandrake-ellipsis">{name}</span>
      <Icon name="down" />
    </button>
  );
}

function modelItems(environment: IChatEnvironment, current: IModelEntry | null): (IMenuItem | null)[] {
  const { chat, commands, mandrake } = environment;
  const { project, trans } = mandrake;
  const choose = async (model: IModelEntry) => {
    if (model.state === 'needs_key' && commands.hasCommand(CommandIDs.connectModel)) {
      await commands.execute(CommandIDs.connectModel, { provider: model.provider });
      return;
    }
    try {
      await chat.chooseModel(model.id);
    } catch (error) {
      await notifyFailure(trans, commands, error);
    }
  };
  const models = (project.catalogue?.models ?? []).map((model, i) => ({
    id: `model-${i}`,
    label: labelOf(model, trans.__.bind(trans)),
    caption: model.detail || (model.file ? trans.__('%1, set by %2', model.id, model.file) : model.id),
    toggled: model.id === current?.id,
    execute: () => choose(model)
  }));
  const connect = {
    id: 'connect',
    label: trans.__('Connect a model…'),
    execute: () => commands.execute(CommandIDs.connectModel)
  };
  return commands.hasCommand(CommandIDs.connectModel) ? [...models, null, connect] : models;
}

function labelOf(model: IModelEntry, say: (text: string, name: string) => string): string {
  switch (model.state) {
    case 'needs_key':
      return say('%1 (needs a key)', model.name);
    case 'fetching':
      return say('%1 (being fetched)', model.name);
    case 'missing':
      return say('%1 (not fetched yet)', model.name);
    default:
      return model.name;
  }
}
