import { strict as assert } from 'node:assert';
import { inspect } from 'node:util';
import type { Address } from '../domain/address.ts';
import type { ConnectorId, MessageId, PartId } from '../domain/ids.ts';
import type { ChatEvent } from '../domain/inbound-event.ts';
import type { OutboundOperation, OutboundPart } from '../domain/outbound.ts';
import type { DeliveryOutcome } from '../domain/outcome.ts';
import { sleep, systemClock } from '../lib/clock.ts';
import { createGuardedFetch } from '../lib/guarded-fetch.ts';
import { Redactor } from '../lib/redact.ts';
import { createConnectSocket } from '../lib/socket.ts';
import type { ConnectorSession } from './connector.ts';
import type {
  ConnectorHarness,
  FaultName,
  Place,
  Provoked,
  Said,
  SaySpec,
  Shown,
} from './contract-harness.ts';
import { ContractHost, ContractInbox } from './contract-host.ts';

const lookAgainMs = 5;
const callMsMax = 20_000;

export interface OpenSession {
  readonly session: ConnectorSession;
  readonly host: ContractHost;
}

/** Where one case is tried: the harness, an inbox, the sessions, and all that they have said. */
export class ContractBench {
  readonly harness: ConnectorHarness;
  readonly inbox = new ContractInbox();
  readonly connectorId: ConnectorId;
  /** Everything that goes to logs, journals and operators. */
  readonly heard: unknown[] = [];
  secret: () => string;
  readonly #open: ConnectorSession[] = [];
  readonly #fetch = createGuardedFetch({ redactor: new Redactor(), clock: systemClock });
  readonly #patienceMs: number;
  #keys = 0;

  /** `patienceMs` is how long to wait for what comes by itself. */
  constructor(harness: ConnectorHarness, patienceMs: number) {
    this.harness = harness;
    this.#patienceMs = patienceMs;
    this.connectorId = `${harness.adapter.kind}:contract` as ConnectorId;
    this.secret = () => harness.secret ?? '';
  }

  get adapter(): ConnectorHarness['adapter'] {
    return this.harness.adapter;
  }

  /** As the adapter's own schema reads it. */
  get config(): unknown {
    return this.adapter.configSchema.parse(this.harness.config);
  }

  /** Opens a session of the account, or of another one beside it. */
  async open(connectorId = this.connectorId, inbox = this.inbox): Promise<OpenSession> {
    const redactor = new Redactor();
    const host = new ContractHost(inbox, {
      connectorId,
      config: this.config,
      secret: () => this.secret(),
      fetch: this.#fetch,
      connectSocket: createConnectSocket({ redactor, clock: systemClock }),
      clock: systemClock,
      onLog: (line) => this.heard.push(line),
    });
    const session = await this.#hear(this.adapter.open(host, AbortSignal.timeout(callMsMax)));
    this.#open.push(session);
    void session.closed.then((end) => this.heard.push(end));
    return { session, host };
  }

  /** Somebody writes, and it comes in. */
  async hear(spec: Partial<SaySpec> = {}): Promise<{ readonly said: Said; readonly event: ChatEvent }> {
    const said = await this.say(spec);
    return { said, event: await this.eventOf(said) };
  }

  /** Somebody writes. Resolves when the platform has it, which is not when we have. */
  say(spec: Partial<SaySpec> = {}): Promise<Said> {
    return this.harness.say({ text: 'hello', elsewhere: false, inThread: false, ...spec });
  }

  async eventOf(said: Said): Promise<ChatEvent> {
    const find = (): ChatEvent | undefined =>
      this.inbox.events.find(
        (event): event is ChatEvent =>
          event.type === 'message.created' && event.address.message === said.message,
      );
    await this.until('The message comes in', () => find() !== undefined);
    return find()!;
  }

  /** A part with a key of its own. */
  part(
    address: Address,
    operation: OutboundOperation | string,
    rest: Partial<OutboundPart> = {},
  ): OutboundPart {
    const nth = ++this.#keys;
    return {
      id: `prt_${nth}` as PartId,
      message: `msg_${nth}` as MessageId,
      key: `turn_01k000000000000000000000${nth}:0:0`,
      address,
      operation: typeof operation === 'string' ? { op: 'send', text: operation } : operation,
      part: 1,
      parts: 1,
      attempt: 1,
      possibleDuplicate: false,
      ...rest,
    };
  }

  send(
    session: ConnectorSession,
    part: OutboundPart,
    signal = AbortSignal.timeout(callMsMax),
  ): Promise<DeliveryOutcome> {
    return this.#hear(session.sendOutbound(part, signal));
  }

  /** Sends, and returns the platform's id of the message. */
  async deliver(session: ConnectorSession, part: OutboundPart): Promise<string> {
    const outcome = await this.send(session, part);
    assert.ok(outcome.kind === 'delivered', `It was not delivered: ${inspect(outcome)}`);
    const [id] = outcome.platformIds;
    if (id !== undefined && part.part === 1) this.inbox.firstSent.set(part.message, id);
    return id ?? '';
  }

  /** Makes the next call fail; undefined where the platform cannot fail so. */
  async provoke(name: FaultName): Promise<Provoked | undefined> {
    const fault = this.harness.faults[name];
    return 'provoke' in fault ? fault.provoke() : undefined;
  }

  async shownIn(place: Place): Promise<readonly Shown[]> {
    const shown = await this.harness.shown();
    return shown.filter(
      ({ conversation, thread }) => conversation === place.conversation && thread === place.thread,
    );
  }

  /** Waits for what comes by itself. Throws when it does not come. */
  async until(what: string, isMet: () => boolean | Promise<boolean>): Promise<void> {
    for (let waitedMs = 0; !(await isMet()); waitedMs += lookAgainMs) {
      assert.ok(waitedMs < this.#patienceMs, `${what}: not within ${this.#patienceMs} ms.`);
      await sleep(systemClock, lookAgainMs);
    }
  }

  /** Ends everything, and makes sure that the secret is in nothing that was said. */
  async end(): Promise<void> {
    try {
      await Promise.all(this.#open.map((session) => session.close()));
    } finally {
      await this.harness.close();
      await this.#fetch.close();
    }
    const { secret } = this.harness;
    if (secret === undefined) return;
    for (const said of this.heard) {
      const text = inspect(said, { depth: 20, showHidden: true, maxStringLength: Infinity });
      assert.ok(!text.includes(secret), 'The secret stands in an outcome, an error, an end or a log line.');
    }
  }

  async #hear<Value>(work: Promise<Value>): Promise<Value> {
    try {
      const value = await work;
      if (!isSession(value)) this.heard.push(value);
      return value;
    } catch (thrown) {
      this.heard.push(thrown);
      throw thrown;
    }
  }
}

function isSession(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'sendOutbound' in value;
}

export function placeOf({ conversation, thread }: Place): Place {
  return { conversation, ...(thread === undefined ? {} : { thread }) };
}
