/**
 * The ways out of an error: their ids on the wire, what their buttons say, and what pressing one means.
 */

/** `command` runs a Lab command; the others are the chat's own matter. */
export type ActionEffect =
  | { do: 'resend' }
  | { do: 'continue' }
  | { do: 'choose_model' }
  | { do: 'without_images' }
  | { do: 'fetch_demo' }
  | { do: 'command'; id: string; args?: Record<string, string | boolean> };

export interface IAction {
  id: string;
  label: string;
  effect: ActionEffect;
}

const TABLE: Record<string, [label: string, effect: ActionEffect]> = {
  try_again: ['Try again', { do: 'resend' }],
  try_now: ['Try now', { do: 'resend' }],
  wait_longer: ['Wait longer', { do: 'resend' }],
  start_over: ['Start over', { do: 'resend' }],
  continue: ['Continue', { do: 'continue' }],
  choose_model: ['Choose another model', { do: 'choose_model' }],
  fetch_demo_model: ['Fetch the demo model', { do: 'fetch_demo' }],
  connect_model: ['Connect a model', { do: 'command', id: 'mandrake:connect-model' }],
  change_key: ['Change key', { do: 'command', id: 'mandrake:connect-model' }],
  edit_mcp_server: ['Edit', { do: 'command', id: 'mandrake:mcp-servers' }],
  enter_value: ['Enter value', { do: 'command', id: 'mandrake:mcp-servers' }],
  open_log: ['Open log', { do: 'command', id: 'mandrake:mcp-servers', args: { log: true } }],
  open_mcp_servers: ['Open MCP servers', { do: 'command', id: 'mandrake:mcp-servers' }],
  open_copy: ['Open a copy', { do: 'command', id: 'mandrake:duplicate-chat' }],
  review_trust: ['Review…', { do: 'command', id: 'mandrake:review-trust' }]
};

const WITHOUT_IMAGES: IAction = {
  id: 'without_images',
  label: 'Ask without images',
  effect: { do: 'without_images' }
};

/**
 * The buttons of an error card, the primary one first, at most three. Ids this panel does not know are left out.
 * `fetched`: the demo model is here by now, so that what asked for it asks for the message instead.
 */
export function actionsOf(error: { code: string; actions: string[] }, fetched = false): IAction[] {
  const known = error.actions
    .filter(id => Object.prototype.hasOwnProperty.call(TABLE, id))
    .slice(0, 3)
    .map((id): IAction => {
      const [label, effect] = TABLE[id];
      const demo = effect.do === 'fetch_demo' || (id === 'try_again' && error.code === 'demo_model_missing');
      if (demo) {
        return fetched
          ? { id: 'try_again', label: 'Try again', effect: { do: 'resend' } }
          : { id, label, effect: { do: 'fetch_demo' } };
      }
      return { id, label: id === 'change_key' && error.code === 'model_key_missing' ? 'Enter a key' : label, effect };
    });
  return error.code === 'model_takes_no_images' ? [...known, WITHOUT_IMAGES] : known;
}
