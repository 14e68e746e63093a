/** News above the messages that is no single message's matter: the connection, trust, the demo model. */
import { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef } from 'react';

import { megabytes } from '../core/format';
import { IDemoState, IErrorBody } from '../core/wire';
import { Icon } from '../icons';
import { ProjectState } from '../model/project';
import { elsewhereWords, errorBodyOf } from '../model/words';
import { CommandIDs } from '../tokens';
import { ErrorCard } from './errorcard';
import { modelOf } from './modelpicker';
import { useChat, useNow, useSignal } from './context';
import { notifyFailure } from './notify';

export function Banners(): JSX.Element {
  const { chat, mandrake, wishes } = useChat();
  useSignal(wishes.changed);
  useSignal(mandrake.project.changed);
  useSignal(chat.changed);
  useSignal(chat.sessionChanged);
  return (
    <>
      <LostBanner />
      <ElsewhereBanner />
      <TrustBanner />
      <DemoBanner />
    </>
  );
}

function LostBanner(): JSX.Element | null {
  const { chat, mandrake } = useChat();
  const { trans } = mandrake;
  const { lost, retryAt } = chat.connection;
  const now = useNow(lost);
  if (!lost) {
    return null;
  }
  const sent = !chat.answering || chat.answering.message.run_id !== '';
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div className="jp-Mandrake-banner jp-mod-warn" data-testid="mandrake-lost-banner">
      <Icon name="offline" className="is-warn" />
      <div className="jp-Mandrake-grow jp-Mandrake-lost">
        <div className="jp-Mandrake-grow">
          <div className="jp-Mandrake-strong">
            <span className="jp-Mandrake-hidden" role="status">
              {trans.__('Connection lost.')}
            </span>
            {/* The seconds are for the eye: read out, they would never end. */}
            <span aria-hidden={true}>
              {seconds
                ? trans.__('Connection lost. Trying again in %1 s.', seconds)
                : trans.__('Connection lost. Trying again…')}
            </span>
          </div>
          <span role="status">
            {sent
              ? trans.__('Your answer goes on without you and will be here when you are back.')
              : trans.__('Your message is not sent yet. Keep this chat open.')}
          </span>
        </div>
        <button
          className="jp-Mandrake-btn"
          onClick={() => {
            chat.tryNow();
            // The button goes with the loss.
            chat.input.focus();
          }}
        >
          {trans.__('Try now')}
        </button>
      </div>
    </div>
  );
}

function ElsewhereBanner(): JSX.Element | null {
  const { chat, commands, mandrake } = useChat();
  const { trans } = mandrake;
  return chat.elsewhere ? (
    <div className="jp-Mandrake-banner" data-testid="mandrake-elsewhere-banner">
      <Icon name="open" className="is-busy" />
      <div className="jp-Mandrake-grow">
        <div role="status">{elsewhereWords(trans)}</div>
        <div className="jp-Mandrake-banner-actions">
          <button
            className="jp-Mandrake-btn"
            title={trans.__('A second chat with what was said so far, to go on here')}
            data-testid="mandrake-open-copy"
            onClick={() => void commands.execute(CommandIDs.duplicateChat)}
          >
            {trans.__('Open a copy')}
          </button>
        </div>
      </div>
    </div>
  ) : null;
}

function TrustBanner(): JSX.Element | null {
  const { commands, mandrake } = useChat();
  const { project, trans } = mandrake;
  const pending = project.trust?.pending ?? [];
  if (!pending.length) {
    return null;
  }
  const onlyServers = pending.every(entry => entry.kind === 'mcp-server');
  return (
    <div className="jp-Mandrake-banner" role="status" data-testid="mandrake-trust-banner">
      <Icon name="alert" className="is-warn" />
      <div className="jp-Mandrake-grow">
        {onlyServers
          ? trans._n(
              '%1 MCP server came with this folder. Nothing was started.',
              '%1 MCP servers came with this folder. Nothing was started.',
              pending.length
            )
          : trans._n(
              '%1 setting came with this folder. Nothing was started.',
              '%1 settings came with this folder. Nothing was started.',
              pending.length
            )}
        <div className="jp-Mandrake-banner-actions">
          <button
            className="jp-Mandrake-btn"
            data-testid="mandrake-review"
            onClick={() => void commands.execute(CommandIDs.reviewTrust)}
          >
            {trans.__('Review…')}
          </button>
        </div>
      </div>
    </div>
  );
}

function DemoBanner(): JSX.Element | null {
  const environment = useChat();
  const { chat, commands, mandrake, wishes } = environment;
  const { project, trans } = mandrake;
  const demo = project.catalogue?.demo;
  const model = modelOf(environment);
  const fetching = demo?.state === 'fetching';
  const banner = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!fetching || !(project instanceof ProjectState)) {
      return;
    }
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && banner.current?.offsetParent) {
        void project.refreshModels();
      }
    }, 1000);
    return () => clearInterval(timer);
  }, [fetching, project]);

  if (!demo) {
    const failed = project instanceof ProjectState && project.failure !== null;
    return failed && !chat.loadFailure ? (
      <div className="jp-Mandrake-banner-card" data-testid="mandrake-models-failed">
        <ErrorCard
          error={errorBodyOf(trans, project.failure)}
          time={null}
          entry={null}
          live={true}
          onRetry={() => void project.refresh()}
        />
      </div>
    ) : null;
  }
  if (model && model.provider !== 'demo') {
    return null;
  }
  if (demo.state === 'failed') {
    return (
      <div className="jp-Mandrake-banner-card" data-testid="mandrake-demo-banner" data-state="failed">
        <ErrorCard error={demoError(demo, trans)} time={null} entry={null} live={true} />
      </div>
    );
  }
  if (demo.state === 'ready' && model && (wishes.keepDemo || chat.entries.length > 0)) {
    return null;
  }
  if (demo.state === 'missing' && chat.entries[chat.entries.length - 1]?.message.error?.code === 'demo_model_missing') {
    // The answer's own card says it, with the same ways out.
    return null;
  }
  const connect = (primary: boolean) => (
    <button
      className={`jp-Mandrake-btn${primary ? ' jp-mod-primary' : ''}`}
      onClick={() => void commands.execute(CommandIDs.connectModel)}
    >
      {trans.__('Connect a model')}
    </button>
  );
  return (
    <div ref={banner} className="jp-Mandrake-banner" data-testid="mandrake-demo-banner" data-state={demo.state}>
      <Icon name="info" className="is-busy" />
      <div className="jp-Mandrake-grow">
        {fetching && <Fetching demo={demo} />}
        {/* What counts up is outside: read out, it would never end. */}
        <div role="status" className={fetching ? 'jp-Mandrake-hidden' : undefined}>
          {fetching ? (
            trans.__('Fetching the demo model')
          ) : model && demo.state === 'ready' ? (
            <>
              {trans.__('You are using the')} <b>{trans.__('demo model')}</b>
              {trans.__(': small and simple, for trying things out. Nothing leaves your Jupyter server.')}
            </>
          ) : demo.state === 'missing' ? (
            trans.__('The demo model is not here yet: %1 MB are fetched once.', megabytes(demo.total_bytes))
          ) : (
            trans.__('No model is connected yet.')
          )}
        </div>
        <div className="jp-Mandrake-banner-actions">
          {demo.state === 'missing' && (
            <button
              className="jp-Mandrake-btn jp-mod-primary"
              data-testid="mandrake-fetch-demo"
              onClick={() => {
                mandrake.api
                  .fetchDemo(project.workspace)
                  .catch(error => notifyFailure(trans, commands, error))
                  .then(() => project.refresh());
              }}
            >
              {trans.__('Fetch the demo model')}
            </button>
          )}
          {connect(demo.state !== 'missing' && !fetching)}
          {demo.state === 'ready' && model && (
            <button className="jp-Mandrake-btn jp-mod-quiet" onClick={() => wishes.setKeepDemo()}>
              {trans.__('Keep the demo')}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

function Fetching(props: { demo: IDemoState }): JSX.Element {
  const { trans } = useChat().mandrake;
  const { done_bytes: done, total_bytes: total } = props.demo;
  return (
    <>
      <span className="jp-Mandrake-num">
        {trans.__('Fetching the demo model, %1 of %2 MB', megabytes(done), megabytes(total))}
      </span>
      <div
        className="jp-Mandrake-progress jp-mod-thick"
        role="progressbar"
        aria-label={trans.__('Fetching the demo model')}
        aria-valuenow={done}
        aria-valuemax={total}
      >
        <i style={{ width: `${total ? Math.min(100, (done / total) * 100) : 0}%` }} />
      </div>
    </>
  );
}

function demoError(demo: IDemoState, trans: TranslationBundle): IErrorBody {
  const known = typeof demo.error === 'object' ? demo.error : null;
  return {
    message: trans.__('The demo model could not be fetched.'),
    then: trans.__('Everything else works. You can connect your own model.'),
    reason: typeof demo.error === 'string' ? demo.error : null,
    retryable: true,
    retry_after: null,
    ...known,
    code: 'demo_model_missing',
    actions: ['try_again', 'connect_model']
  };
}
