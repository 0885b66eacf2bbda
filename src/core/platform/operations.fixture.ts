import type { MessageView, ReadAnswer } from '../../connectors/operations.ts';
import type { ConnectorSession } from '../../connectors/connector.ts';
import { connectorId } from '../../domain/ids.ts';
import { createNextId } from '../../lib/ids.ts';
import { CoreWorld } from '../../../test/support/core-world.ts';
import { settled } from '../../../test/support/manual-clock.ts';
import { ScriptedAdapter } from '../../../test/support/scripted-adapter.ts';
import { Approvals } from './approvals.ts';
import { Messages } from './messages.ts';
import { type MutationAnswer, type MutationRequest, Operations } from './operations.ts';

type Read = NonNullable<ConnectorSession['read']>;

/** Not the default account, of which more has to be approved. */
export const connector = connectorId('echo', 'desk');
export const minuteMs = 60_000;

/**
 * A connector with one message on its platform, by the bot, a minute old, in a shared conversation: whatever is
 * done to it has to be approved.
 */
export class OperationsWorld extends CoreWorld {
  operations!: Operations;
  approvals!: Approvals;
  /** What stands on the platform; undefined when it is gone. */
  seen: Partial<MessageView> | undefined = {};
  onRead: Read = (request) => Promise.resolve(this.#answer(request.message ?? 'm1'));

  constructor(adapter = new ScriptedAdapter({ approval: 'conditional' })) {
    super([], adapter);
    adapter.prepare = (session) => {
      session.read = (request, signal) => this.onRead(request, signal);
      session.search = (request, signal) => this.onRead(request, signal);
    };
  }

  async begin(depthMax = 10_000): Promise<this> {
    await this.addConnector(connector);
    const { supervisor, plan } = await this.start();
    const { store, adapters, clock, log } = this;
    const nextId = createNextId(clock, () => 0.5);
    const messages = new Messages({ store, plan, clock, depthMax });
    this.operations = new Operations({ store, supervisor, adapters, messages, clock, nextId });
    this.approvals = new Approvals({ store, plan, clock, nextId, log, depthMax });
    await settled();
    return this;
  }

  async mutate(fields: Partial<MutationRequest> = {}): Promise<MutationAnswer> {
    const answer = await this.operations.mutate({
      ...{ connector, conversation: 'room', message: 'm1', preview: false, principal: 'tok_1 ada' },
      operation: { op: 'edit', text: 'afterwards' },
      ...fields,
    });
    await settled();
    return answer;
  }

  /** Asks for the change, and answers with the approval that it needs. */
  async ask(fields: Partial<MutationRequest> = {}): Promise<string> {
    const answer = await this.mutate(fields);
    if (answer.state !== 'approval_required') throw new Error(`It is ${answer.state}.`);
    return answer.approval.id;
  }

  async approve(id: string, principal = 'tok_2 bob', approve = true): Promise<void> {
    await this.approvals.decide({ id, approve, principal });
  }

  async stateOf(approval: string): Promise<string> {
    return (await this.approvals.get(approval)).state;
  }

  /** The operations that have reached the platform. */
  get applied(): readonly unknown[] {
    return this.adapter.session.sent.map(({ operation }) => operation);
  }

  #answer(message: string): ReadAnswer<{ messages: readonly MessageView[] }> {
    if (!this.seen)
      return { kind: 'refused', code: 'message_gone', detail: 'The message is not there any more.' };
    const view: MessageView = {
      address: { connector, conversation: 'room', message },
      sender: { id: 'echo:user:bot', isSelf: true },
      text: 'before',
      createdAt: this.clock.now() - minuteMs,
      direct: false,
      attachments: [],
      reactions: [],
      ...this.seen,
    };
    return { kind: 'found', value: { messages: [view] } };
  }
}

export function begun(adapter?: ScriptedAdapter): Promise<OperationsWorld> {
  return new OperationsWorld(adapter).begin();
}
