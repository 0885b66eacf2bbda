import type { ConnectorHost, SessionEnd } from '../../src/connectors/connector.ts';
import { ConnectorRunner } from '../../src/core/connector-runner.ts';
import type { ConnectorState } from '../../src/core/connector-state.ts';
import { AppError, type ErrorCode } from '../../src/domain/errors.ts';
import { connectorId, kindOf } from '../../src/domain/ids.ts';
import { CoreWorld, coreSettings } from './core-world.ts';
import { settled } from './manual-clock.ts';
import { ScriptedSession } from './scripted-adapter.ts';

export const id = connectorId('echo', 'default');
export const lost = { kind: 'lost', code: 'session_failed', detail: 'The line broke.' } as const;

/** One runner, and the sessions that it has opened. Chance is in the middle: the first wait is 750 ms. */
export class RunnerWorld extends CoreWorld {
  readonly sessions: ScriptedSession[] = [];
  readonly states: string[] = [];
  readonly signals: AbortSignal[] = [];
  open: (session: ScriptedSession) => Promise<ScriptedSession> = (session) => Promise.resolve(session);

  createRunner(owner = 'daemon-1'): ConnectorRunner {
    const { clock, log, store } = this;
    const at = clock.now();
    const runner: ConnectorRunner = new ConnectorRunner({
      record: { id, kind: kindOf(id), config: {}, enabled: true, createdAt: at, updatedAt: at },
      open: (_claim, signal) => {
        this.signals.push(signal);
        const session = new ScriptedSession({} as ConnectorHost<unknown>);
        this.sessions.push(session);
        return this.open(session);
      },
      store,
      owner,
      clock,
      random: () => 0.5,
      log,
      policy: coreSettings.connectors,
      onChange: () => this.states.push(`${runner.state.state}${runner.session ? ' with session' : ''}`),
    });
    return runner;
  }

  async startRunner(owner?: string): Promise<ConnectorRunner> {
    const runner = this.createRunner(owner);
    runner.start();
    await settled();
    return runner;
  }

  get session(): ScriptedSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error('No session has been opened.');
    return session;
  }

  /** Ends the newest session, and lets the runner see it. */
  async break(end: SessionEnd = lost): Promise<void> {
    this.session.end(end);
    await settled();
  }
}

export function refuse(code: ErrorCode, message = 'No.'): () => Promise<never> {
  return () => Promise.reject(new AppError(code, message));
}

/** How long the runner waits, in ms, if it does. */
export function waitOf({ state }: { readonly state: ConnectorState }): number | undefined {
  return 'retryAt' in state ? state.retryAt - state.since : undefined;
}
